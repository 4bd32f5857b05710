import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { limits } from './limits.ts';
import { chooseVersion, shelfPath } from './orb-reference.ts';
import type { OrbRemote, RemoteOrb } from './port.ts';
import { directoryShelf } from './shelves.ts';

export interface RemoteSettings {
  /** Address of the registry's host; undefined when it shall not be asked. */
  registry: string | undefined;
  /** Beginnings of addresses from which orbs may be fetched. */
  allowed: string[];
  /** Keeps exact versions, which never change, for when the network is away. Laid out as a mirror. */
  cacheDir: string | undefined;
  fetch?: typeof globalThis.fetch | undefined;
  now?: (() => number) | undefined;
}

const answer = z.object({
  data: z.object({ orbVersion: z.object({ version: z.string(), source: z.string() }).nullable() }).nullish(),
  errors: z.array(z.object({ message: z.string() })).optional(),
});

const query = 'query($ref: String!) { orbVersion(orbVersionRef: $ref) { version source } }';
const deadlineMs = 5_000;
/** After a failure the network is left alone for a while, so that an offline server does not wait again and again. */
const pauseMs = 60_000;
const freshMs = 300_000;

/** The settings in the environment: `MILLRACE_ORB_REGISTRY` (`off` or an address), `MILLRACE_ORB_URLS` (comma-separated). */
export function remoteSettings(env: NodeJS.ProcessEnv, cacheDir: string | undefined): RemoteSettings {
  const registry = env.MILLRACE_ORB_REGISTRY || 'https://circleci.com';
  const allowed = (env.MILLRACE_ORB_URLS ?? '').split(',').map((text) => text.trim());
  return {
    registry: registry === 'off' ? undefined : registry.replace(/\/$/, ''),
    allowed: allowed.filter((prefix) => /^https:\/\/[^/]+\//.test(prefix)),
    cacheDir,
  };
}

/** Orbs from the public registry (CircleCI's GraphQL interface) and from addresses on an allow-list. */
export function createOrbRemote(settings: RemoteSettings): OrbRemote {
  const { registry, allowed, cacheDir } = settings;
  const get = settings.fetch ?? globalThis.fetch;
  const now = settings.now ?? Date.now;
  const known = new Map<string, { at: number; orb: RemoteOrb & { ok: true } }>();
  let downUntil = 0;
  let downBecause = '';

  /** Answers from memory, then by asking; what went wrong is a reason, and the network is left alone for a while. */
  async function ask(key: string, work: (signal: AbortSignal) => Promise<RemoteOrb>): Promise<RemoteOrb> {
    const fresh = known.get(key);
    if (fresh && now() - fresh.at < freshMs) return fresh.orb;
    if (now() < downUntil) return { ok: false, reason: downBecause };
    try {
      const orb = await work(AbortSignal.timeout(deadlineMs));
      if (orb.ok) known.set(key, { at: now(), orb });
      return orb;
    } catch (error) {
      downUntil = now() + pauseMs;
      downBecause = reasonOf(error);
      return { ok: false, reason: downBecause };
    }
  }

  return {
    async fromRegistry(orb, version) {
      if (registry === undefined) return { ok: false, reason: 'the registry is not asked here' };
      const path = cacheDir && shelfPath({ kind: 'registry', orb, version });
      const kept = path && (await readFile(join(cacheDir!, path), 'utf8').catch(() => undefined));
      if (kept) return { ok: true, version, text: kept };
      const found = await ask(`${orb}@${version}`, (signal) =>
        fromRegistry(get, registry, `${orb}@${version}`, signal),
      );
      if (!found.ok && cacheDir) return (await newestKept(cacheDir, orb, version)) ?? found;
      const exact = found.ok && shelfPath({ kind: 'registry', orb, version: found.version });
      if (found.ok && cacheDir && exact && /^\d+\.\d+\.\d+$/.test(found.version)) {
        await keep(join(cacheDir, exact), found.text).catch(() => {});
      }
      return found;
    },
    async fromAddress(address) {
      if (!allowed.some((prefix) => address.startsWith(prefix))) {
        return { ok: false, reason: 'its address is not on the allow-list MILLRACE_ORB_URLS' };
      }
      return ask(address, (signal) => fromAddress(get, address, signal));
    },
  };
}

/** What an earlier fetch left of a version that fits, for when the registry does not answer. */
async function newestKept(cacheDir: string, orb: string, wanted: string): Promise<RemoteOrb | undefined> {
  const shelf = directoryShelf(cacheDir);
  const version = chooseVersion(wanted, await shelf.versions(orb));
  const text = version === undefined ? undefined : await shelf.read(orb, version);
  return version === undefined || text === undefined ? undefined : { ok: true, version, text };
}

async function fromRegistry(
  get: typeof globalThis.fetch,
  registry: string,
  reference: string,
  signal: AbortSignal,
): Promise<RemoteOrb> {
  const response = await get(`${registry}/graphql-unstable`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables: { ref: reference } }),
    redirect: 'error',
    signal,
  });
  if (!response.ok) return { ok: false, reason: `the registry answered with status ${response.status}` };
  const read = answer.safeParse(JSON.parse(await bounded(response)));
  if (!read.success) return { ok: false, reason: 'the registry answered with something else than an orb' };
  const found = read.data.data?.orbVersion;
  if (!found) return { ok: false, reason: read.data.errors?.[0]?.message ?? 'the registry does not know it' };
  return { ok: true, version: found.version, text: found.source };
}

async function fromAddress(get: typeof globalThis.fetch, address: string, signal: AbortSignal): Promise<RemoteOrb> {
  const response = await get(address, { redirect: 'error', signal });
  if (!response.ok) return { ok: false, reason: `its address answered with status ${response.status}` };
  return { ok: true, version: '-', text: await bounded(response) };
}

/** The body, as long as an orb may be and a little more for what JSON adds. */
async function bounded(response: Response): Promise<string> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of response.body ?? []) {
    size += piece.length;
    if (size > limits.fileBytes * 2) throw new Error('the answer is too large');
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}

function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (!(cause instanceof Error)) return 'it cannot be fetched';
  return cause.name === 'TimeoutError' ? 'no answer in time' : `it cannot be fetched: ${cause.message}`;
}

async function keep(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(`${path}.${process.pid}`, text);
  await rename(`${path}.${process.pid}`, path);
}
