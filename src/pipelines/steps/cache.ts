import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { arch, cpus } from 'node:os';
import { join, posix } from 'node:path';
import { Fault } from '../../kernel/faults.ts';
import { newId } from '../../kernel/ids.ts';
import { json, sql } from '../../platform/postgres/sql.ts';
import {
  type CacheInputs,
  type CacheLookup,
  cacheChanges,
  cacheInputs,
  lookupSentence,
  nearestCache,
} from '../cache-inputs.ts';
import { type CacheKeyFacts, cacheKeyFiles, renderCacheKey } from '../cache-key.ts';
import { cachesByTemplate, type FoundCache, saveLookup, takeCache } from '../cache-lookups.ts';
import { storeContent } from '../contents.ts';
import type { JobContext, StepContext } from './context.ts';
import { resolvePath } from './paths.ts';
import { eachEntry } from './tar.ts';

/** Caches of forks are kept apart: a fork may read what trusted runs saved, and they never read what a fork saved. */
const scopeOf = (context: JobContext): 'trusted' | 'fork' => (context.run.trusted ? 'trusted' : 'fork');

/** Saves paths under a key. The first to save a key wins; later saves of it are passed over. */
export async function saveCache(context: StepContext<'save_cache'>): Promise<number> {
  const { database, step, say, run } = context;
  const rendered = await render(context, step.key);
  if (rendered === undefined) return 1;
  const { key, inputs } = rendered;
  const known = await database.first(sql`
    select 1 from pipelines_caches
    where project_id = ${run.projectId} and scope = ${scopeOf(context)} and key = ${key}`);
  if (known) {
    say(`A cache is there already for ${key}; skipping`);
    return 0;
  }
  const id = newId();
  const saved: string[] = [];
  let bytes = 0;
  for (const path of step.paths) {
    try {
      const tar = await context.place.copyOut(resolvePath(path, context));
      bytes += await storeContent(context.files, join(context.files.cache(id), `${saved.length}.tar`), tar);
      saved.push(path);
    } catch (error) {
      if (!(error instanceof Fault && error.kind === 'missing')) throw error;
      say(`Warning: ${path} is not there and is left out`);
    }
  }
  if (saved.length === 0) {
    say('Nothing to save');
    return 0;
  }
  const inserted = await database.execute(sql`
    insert into pipelines_caches (id, project_id, scope, key, paths, bytes, job_id, template, inputs)
    values (${id}, ${run.projectId}, ${scopeOf(context)}, ${key}, ${json(saved)}, ${bytes}, ${context.job.id}, ${step.key},
      ${json(inputs)})
    on conflict do nothing`);
  if (inserted === 0) await rm(context.files.cache(id), { recursive: true, force: true });
  say(`Saved ${saved.join(', ')} (${megabytes(bytes)}) as ${key}`);
  return 0;
}

/**
 * Brings back the newest cache whose key begins with the first of the keys that finds one. A miss is no failure. What was found, and
 * which inputs of the key had changed, is kept for people who wonder.
 */
export async function restoreCache(context: StepContext<'restore_cache'>): Promise<number> {
  const { database, step, say, run } = context;
  const place = { projectId: run.projectId, scopes: run.trusted ? ['trusted'] : ['fork', 'trusted'] };
  let first: Rendered | undefined;
  let cache: FoundCache | undefined;
  for (const template of step.keys) {
    const rendered = await render(context, template);
    if (rendered === undefined) return 1;
    first ??= rendered;
    cache = await takeCache(database, place, rendered.key);
    if (cache) {
      const whole = cache.key === rendered.key ? '' : ` (the newest that begins with ${rendered.key})`;
      say(`Found ${cache.key}${whole}, ${megabytes(cache.bytes)}`);
      break;
    }
    say(`No cache is found for ${rendered.key}`);
  }
  if (!first) return 0;
  const lookup = await explainLookup(context, place, first, cache);
  if (lookup.outcome !== 'hit') say(lookupSentence(lookup));
  await saveLookup(database, context.job.id, context.number, lookup);
  if (cache) await unpack(context, cache);
  return 0;
}

async function explainLookup(
  { database }: JobContext,
  place: { projectId: string; scopes: string[] },
  wanted: Rendered,
  found: FoundCache | undefined,
): Promise<CacheLookup> {
  const { key, inputs } = wanted;
  const common = { key, found: found?.key ?? null, bytes: found?.bytes ?? null };
  if (found?.key === key) return { ...common, outcome: 'hit', changes: [], comparedWith: found.key };
  // What another template made says nothing of the inputs of this one; the newest made by the same does.
  const same = found?.inputs?.template === inputs.template ? found : undefined;
  const other = same ?? nearestCache(inputs, await cachesByTemplate(database, place)) ?? found;
  const changes = other?.inputs ? cacheChanges(inputs, other.inputs) : [];
  return { ...common, outcome: found ? 'older' : 'miss', changes, comparedWith: other?.key ?? null };
}

async function unpack(context: JobContext, cache: FoundCache): Promise<void> {
  for (const [index, path] of cache.paths.entries()) {
    const target = posix.dirname(resolvePath(path, context));
    await context.place.copyIn(target, { file: join(context.files.cache(cache.id), `${index}.tar`) });
    context.say(`Restored ${path}`);
  }
}

/** A key, and what it was made of. */
interface Rendered {
  key: string;
  inputs: CacheInputs;
}

async function render(context: JobContext, template: string): Promise<Rendered | undefined> {
  const checksums: Record<string, string> = {};
  for (const file of cacheKeyFiles(template)) {
    const sum = await checksum(context, resolvePath(file, context));
    if (sum !== undefined) checksums[file] = sum;
  }
  const facts: CacheKeyFacts = {
    branch: context.run.branch ?? '',
    buildNumber: context.job.number,
    revision: context.run.sha,
    checkoutKey: '',
    environment: context.environment,
    checksums,
    epoch: Math.floor(context.now() / 1000),
    arch: `linux-${arch() === 'x64' ? 'amd64' : arch()}-${(cpus()[0]?.model ?? '').replace(/\W+/g, '-')}`,
  };
  const rendered = renderCacheKey(template, facts);
  if (rendered.ok) return { key: rendered.key, inputs: cacheInputs(template, facts) };
  context.say(`Error: ${rendered.problem}`);
  return undefined;
}

/** Base64 of the SHA-256 of a file of the place; undefined when there is none. */
async function checksum(context: JobContext, path: string): Promise<string | undefined> {
  try {
    let sum: string | undefined;
    await eachEntry(await context.place.copyOut(path), async (header, content) => {
      if (header.type !== 'file' || sum !== undefined) return;
      const hash = createHash('sha256');
      for await (const chunk of content) hash.update(chunk);
      sum = hash.digest('base64');
    });
    return sum;
  } catch (error) {
    if (error instanceof Fault && error.kind === 'missing') return undefined;
    throw error;
  }
}

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;
