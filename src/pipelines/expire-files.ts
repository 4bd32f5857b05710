import { rm } from 'node:fs/promises';
import { system } from '../kernel/events.ts';
import { appendEvent } from '../platform/events/log.ts';
import type { Database, Transaction } from '../platform/postgres/database.ts';
import { sql } from '../platform/postgres/sql.ts';
import { sweepContents } from './contents.ts';
import { pipelineEvents } from './events.ts';
import type { Files } from './files.ts';
import type { Run } from './run.ts';
import { readRun } from './store.ts';

export interface ExpiryDeps {
  database: Database;
  files: Files;
  /** Bytes of caches kept on this server; the least recently used go first. */
  cacheLimitBytes: number;
  /** Days after which artifacts and workspaces of a run, and caches nobody used, go. */
  keepDays: number;
}

const keeper = system('pipelines retention');
const runsAtOnce = 20;

/**
 * Removes what runs left behind that ended long ago, unless a younger rerun took it over. Files go before the rows that name them: cut off
 * in between, the rest is done the next time.
 */
export async function expireRuns(deps: ExpiryDeps): Promise<void> {
  const cutoff = sql`now() - make_interval(days => ${deps.keepDays})`;
  const old = await deps.database.query<{ id: string }>(sql`
    select r.id from pipelines_runs r
    where r.finished_at < ${cutoff}
      and (exists (select 1 from pipelines_artifacts where run_id = r.id)
        or exists (select 1 from pipelines_layers where run_id = r.id and removed_at is null))
      and not exists (
        select 1 from pipelines_jobs own
          join pipelines_jobs heir on heir.inherited_from = own.id
          join pipelines_runs later on later.id = heir.run_id
        where own.run_id = r.id and (later.finished_at is null or later.finished_at >= ${cutoff}))
    order by r.finished_at limit ${runsAtOnce}`);
  for (const { id } of old) {
    const run = await readRun(deps.database, id);
    if (run) await deps.database.transaction((tx) => expireRun(deps, tx, run));
  }
}

async function expireRun(deps: ExpiryDeps, tx: Transaction, run: Run): Promise<void> {
  const artifacts = await tx.query<{ id: string; bytes: number }>(
    sql`delete from pipelines_artifacts where run_id = ${run.id} returning id, bytes::float8 as bytes`,
  );
  const layers = await tx.query<{ file: string; bytes: number; elsewhere: boolean }>(sql`
    update pipelines_layers layer set removed_at = now() where run_id = ${run.id} and removed_at is null
    returning file, bytes::float8 as bytes,
      exists (select 1 from pipelines_layers other
        where other.file = layer.file and other.run_id <> layer.run_id and other.removed_at is null) as elsewhere`);
  if (artifacts.length + layers.length === 0) return;
  const gone = layers.filter((layer) => !layer.elsewhere);
  for (const { id } of artifacts) await rm(deps.files.artifact(id), { force: true });
  for (const { file } of gone) await rm(file, { force: true });
  const { number, sha, branch, tag } = run;
  await appendEvent(tx, pipelineEvents, 'run.files_removed', {
    subject: `run:${run.id}`,
    projectId: run.projectId,
    actor: keeper,
    causes: run.event ? [run.event] : [],
    data: {
      ...{ runId: run.id, number, sha, branch, tag },
      artifacts: artifacts.length,
      workspaces: layers.length,
      bytes: [...artifacts, ...gone].reduce((sum, each) => sum + each.bytes, 0),
      keptDays: deps.keepDays,
    },
  });
}

/** Keeps the caches of all projects together below the limit, and none that nobody has used for long. */
export async function trimCaches(deps: ExpiryDeps): Promise<void> {
  await deps.database.transaction(async (tx) => {
    const gone = await tx.query<{ id: string; projectId: string; key: string; bytes: number }>(sql`
      delete from pipelines_caches where id in (
        select id from (
          select id, used_at, sum(bytes) over (order by used_at desc, id) as total from pipelines_caches) caches
        where total > ${deps.cacheLimitBytes} or used_at < now() - make_interval(days => ${deps.keepDays}))
      returning id, project_id as "projectId", key, bytes::float8 as bytes`);
    for (const { id } of gone) await rm(deps.files.cache(id), { recursive: true, force: true });
    for (const projectId of new Set(gone.map((cache) => cache.projectId))) {
      const mine = gone.filter((cache) => cache.projectId === projectId);
      await appendEvent(tx, pipelineEvents, 'caches.removed', {
        subject: `project:${projectId}`,
        projectId,
        actor: keeper,
        causes: [],
        data: {
          keys: mine.map((cache) => cache.key).slice(0, 20),
          caches: mine.length,
          bytes: mine.reduce((sum, cache) => sum + cache.bytes, 0),
        },
      });
    }
  });
  await sweepContents(deps.files);
}
