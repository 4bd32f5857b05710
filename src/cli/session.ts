import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { type Client, createClient } from '../client/index.ts';
import { Fault } from '../kernel/faults.ts';

export interface Login {
  url: string;
  token: string;
}

const defaultUrl = 'http://localhost:7400';

/** Where `millrace login` keeps the address and the token; only its owner may read it. */
export function loginFile(env: NodeJS.ProcessEnv = process.env): string {
  return join(env.XDG_CONFIG_HOME || join(homedir(), '.config'), 'millrace', 'login.json');
}

/** The stored login; undefined when there is none or it cannot be read. */
export async function readLogin(path: string): Promise<Login | undefined> {
  try {
    const stored = JSON.parse(await readFile(path, 'utf8')) as Partial<Login>;
    return typeof stored.url === 'string' && typeof stored.token === 'string'
      ? { url: stored.url, token: stored.token }
      : undefined;
  } catch {
    return undefined;
  }
}

/** Stores a login with mode 0600; a half-written file never takes the place of a good one. */
export async function writeLogin(path: string, login: Login): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const draft = `${path}.${process.pid}`;
  await writeFile(draft, `${JSON.stringify(login, null, 2)}\n`, { mode: 0o600 });
  await rename(draft, path);
}

export interface Connection {
  client: Client;
  url: string;
  /** A raw request with the same authentication, for streams and downloads. `path` begins with `/api/v1`. */
  open(path: string, signal?: AbortSignal): Promise<Response>;
}

/** A client for the server of MILLRACE_SERVER and MILLRACE_TOKEN, else of the stored login, else of this machine. */
export async function connect(env: NodeJS.ProcessEnv = process.env): Promise<Connection> {
  const stored = await readLogin(loginFile(env));
  const url = (env.MILLRACE_SERVER || stored?.url || defaultUrl).replace(/\/+$/, '');
  const token = env.MILLRACE_TOKEN || (stored && stored.url === url ? stored.token : undefined);
  if (!token) {
    throw new Fault('unauthenticated', `There is no token for ${url}`, {
      code: 'cli.no-login',
      hint: `Make one in the web pages (Settings, Tokens), then: millrace login ${url}`,
    });
  }
  return {
    url,
    client: createClient({ baseUrl: url, token }),
    open: (path, signal) =>
      fetch(url + path, { headers: { authorization: `Bearer ${token}` }, ...(signal ? { signal } : {}) }),
  };
}
