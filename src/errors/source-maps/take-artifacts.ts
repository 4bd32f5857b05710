import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { deflateRaw } from 'node:zlib';
import { newId } from '../../kernel/ids.ts';
import type { Database, Queryable } from '../../platform/postgres/database.ts';
import { sql } from '../../platform/postgres/sql.ts';
import { asUuid } from '../digest.ts';
import type { RunArtifact } from '../port.ts';
import { artifactMapLimits, closestMap, isNamedByContent, type KeptMap, readArtifactMap } from './artifact-map.ts';

const pack = promisify(deflateRaw);

/** The row in `errors_bundles` that has issues before it looked through. */
const bundleOf = (runId: string): string => `run:${runId}`;

/**
 * Keeps the source maps among the artifacts of a run; what is none, or too large, is passed over. Resolves to how many there are. Safe to
 * repeat.
 */
export async function takeArtifactMaps(
  database: Database,
  projectId: string,
  runId: string,
  artifacts: AsyncIterable<RunArtifact>,
): Promise<number> {
  let [files, bytes, taken] = [0, 0, 0];
  for await (const { path, body } of artifacts) {
    files += 1;
    bytes += body.length;
    if (files > artifactMapLimits.files || bytes > artifactMapLimits.bytes) break;
    if (body.length <= artifactMapLimits.fileBytes && (await takeMap(database, projectId, runId, path, body)))
      taken += 1;
  }
  if (taken > 0) await lookThroughIssues(database, projectId, runId, '');
  return taken;
}

async function takeMap(
  database: Database,
  projectId: string,
  runId: string,
  path: string,
  body: Buffer,
): Promise<boolean> {
  const map = readArtifactMap(path, body.toString('utf8'));
  if (!map) return false;
  const checksum = createHash('sha1').update(body).digest('hex');
  // A script that is named by its content is the same in every run that builds it.
  const lasting = map.debugId !== null || isNamedByContent(map.script);
  const known = await database.first<{ id: string }>(sql`
    update errors_sources set at = now() where project_id = ${projectId} and script = ${map.script}
      and checksum = ${checksum} and (${lasting} or (run_id = ${runId} and url = ${map.url})) returning id`);
  if (known) return true;
  await database.execute(sql`
    insert into errors_sources (id, project_id, kind, debug_id, url, map_url, release, dist, body, at, script, run_id, checksum)
    values (${newId()}, ${projectId}, 'source_map', ${map.debugId && asUuid(map.debugId)}, ${map.url}, '', '', '',
      ${await pack(body, { level: 3 })}, now(), ${map.script}, ${runId}, ${checksum})`);
  return true;
}

/** The run became a release: its maps are also found by that name. Safe to repeat. */
export async function nameMapsOfRun(
  database: Database,
  projectId: string,
  runId: string,
  release: string,
): Promise<void> {
  const named = await database.first(sql`
    update errors_sources set release = ${release} where project_id = ${projectId} and run_id = ${runId} returning id`);
  if (named) await lookThroughIssues(database, projectId, runId, release);
}

const lookThroughIssues = (database: Database, projectId: string, runId: string, release: string) =>
  database.execute(sql`
    insert into errors_bundles (project_id, checksum, release, at)
    values (${projectId}, ${bundleOf(runId)}, ${release}, now())
    on conflict (project_id, checksum) do update set release = excluded.release, adopted = false`);

/** The packed map that a run left for a script at an address; undefined when none did. */
export async function findArtifactMap(
  db: Queryable,
  projectId: string,
  url: string,
  release: string,
): Promise<{ body: Buffer } | undefined> {
  const script = url.slice(url.lastIndexOf('/') + 1);
  const maps = await db.query<KeptMap>(sql`
    select id, url, release from errors_sources where project_id = ${projectId} and script = ${script}
    order by at desc limit 200`);
  const found = closestMap(maps, url, release);
  return found ? db.first(sql`select body from errors_sources where id = ${found.id}`) : undefined;
}
