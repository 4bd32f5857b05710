import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { deflateRaw, inflateRaw } from 'node:zlib';
import { newId } from '../../kernel/ids.ts';
import type { Database, Queryable } from '../../platform/postgres/database.ts';
import { sql } from '../../platform/postgres/sql.ts';
import { asUuid } from '../digest.ts';
import type { BundleAnswer, BundleOrder } from '../port.ts';
import { bundleLimits, idOf, readBundle } from './bundle.ts';
import type { MapKey } from './symbolicate.ts';
import { findArtifactMap } from './take-artifacts.ts';

const pack = promisify(deflateRaw);
const unpack = promisify(inflateRaw);

/** Keeps a piece of an upload for a day; its name is its SHA-1 (40 hexadecimal digits). */
export async function storeChunk(db: Queryable, body: Buffer): Promise<void> {
  const sha1 = createHash('sha1').update(body).digest('hex');
  await db.execute(sql`
    insert into errors_chunks (sha1, body, at) values (${sha1}, ${body}, now())
    on conflict (sha1) do update set at = now()`);
}

/**
 * Puts an artifact bundle together from chunks, for each of the projects. Says which chunks are missing; once none is, the bundle is read
 * and kept at once. Safe to repeat.
 */
export async function assembleBundle(database: Database, order: BundleOrder): Promise<BundleAnswer> {
  const done = await database.query<{ projectId: string }>(sql`
    select project_id as "projectId" from errors_bundles
    where checksum = ${order.checksum} and project_id = any(${order.projectIds}::uuid[])`);
  const wanted = order.projectIds.filter((id) => !done.some((one) => one.projectId === id));
  if (wanted.length === 0) return { state: 'ok', missing: [], detail: null };
  const held = await database.query<{ sha1: string; size: number }>(sql`
    select sha1, length(body) as size from errors_chunks where sha1 = any(${order.chunks}::text[])`);
  const missing = order.chunks.filter((sha1) => !held.some((one) => one.sha1 === sha1));
  if (missing.length > 0) return { state: 'not_found', missing, detail: null };
  if (held.reduce((sum, one) => sum + one.size, 0) > bundleLimits.bytes) {
    return { state: 'error', missing: [], detail: `a bundle may have ${bundleLimits.bytes} bytes` };
  }
  const bodies = new Map<string, Buffer>();
  for (const { sha1 } of held) {
    const row = await database.first<{ body: Buffer }>(sql`select body from errors_chunks where sha1 = ${sha1}`);
    if (row) bodies.set(sha1, row.body);
  }
  const bytes = Buffer.concat(order.chunks.map((sha1) => bodies.get(sha1) ?? Buffer.alloc(0)));
  if (createHash('sha1').update(bytes).digest('hex') !== order.checksum) {
    return { state: 'error', missing: [], detail: 'the chunks do not add up to the checksum' };
  }
  const bundle = readBundle(bytes);
  if (typeof bundle === 'string') return { state: 'error', missing: [], detail: bundle };
  const release = order.release || bundle.release;
  const dist = order.dist || bundle.dist;
  await database.transaction(async (tx) => {
    for (const projectId of wanted) {
      const fresh = await tx.first(sql`
        insert into errors_bundles (project_id, checksum, release, at) values (${projectId}, ${order.checksum}, ${release}, now())
        on conflict do nothing returning checksum`);
      if (!fresh) continue;
      for (const file of bundle.files) {
        // Of a script only the way to its map matters, and that the map has a debug id says it best.
        if (file.kind === 'minified_source' && file.map === null) continue;
        await tx.execute(sql`
          insert into errors_sources (id, project_id, kind, debug_id, url, map_url, release, dist, body, at)
          values (${newId()}, ${projectId}, ${file.kind}, ${file.debugId && asUuid(file.debugId)}, ${file.url},
            ${file.map ?? ''}, ${release}, ${dist},
            ${file.kind === 'source_map' ? await pack(file.body, { level: 3 }) : Buffer.alloc(0)}, now())`);
      }
    }
  });
  return { state: 'ok', missing: [], detail: null };
}

/** The text of a map, newest first where several fit; null when none came. */
export async function findMap(db: Queryable, projectId: string, key: MapKey): Promise<string | null> {
  const byId = key.debugId === null ? null : idOf(key.debugId);
  const row =
    (byId &&
      (await db.first<{ body: Buffer }>(sql`
        select body from errors_sources where project_id = ${projectId} and kind = 'source_map'
          and debug_id = ${asUuid(byId)} order by at desc limit 1`))) ||
    (key.url !== null && key.release !== ''
      ? await findByAddress(db, projectId, key.release, key.dist, key.url)
      : undefined) ||
    (key.url === null ? undefined : await findArtifactMap(db, projectId, key.url, key.release));
  return row ? (await unpack(row.body, { maxOutputLength: bundleLimits.fileBytes })).toString('utf8') : null;
}

async function findByAddress(
  db: Queryable,
  projectId: string,
  release: string,
  dist: string,
  url: string,
): Promise<{ body: Buffer } | undefined> {
  const script = await db.first<{ map: string }>(sql`
    select map_url as map from errors_sources where project_id = ${projectId} and release = ${release} and dist = ${dist}
      and url = ${url} and kind = 'minified_source' order by at desc limit 1`);
  const map = script?.map ? new URL(script.map, `http://x${url.slice(1)}`).pathname : `${url.slice(1)}.map`;
  return db.first(sql`
    select body from errors_sources where project_id = ${projectId} and release = ${release} and dist = ${dist}
      and url = ${`~${map}`} and kind = 'source_map' order by at desc limit 1`);
}

/** Whether a project has any maps; most have none, and nothing is looked up for them. */
export async function hasMaps(db: Queryable, projectId: string): Promise<boolean> {
  return (await db.first(sql`select 1 from errors_bundles where project_id = ${projectId} limit 1`)) !== undefined;
}
