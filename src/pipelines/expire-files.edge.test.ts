import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Engine, job, planOf, requires, run, startEngine, temporaryDirectory } from '../../test/harness/engine.ts';
import { type TestDatabase, testDatabase } from '../../test/harness/postgres.ts';
import { agentsMigrations } from '../agents/index.ts';
import { system } from '../kernel/events.ts';
import { readEventsAfter } from '../platform/events/log.ts';
import { sql } from '../platform/postgres/sql.ts';
import { expireRuns, trimCaches } from './expire-files.ts';
import { pipelinesMigrations } from './index.ts';

let store: TestDatabase;
let home: Awaited<ReturnType<typeof temporaryDirectory>>;
let repository: Awaited<ReturnType<typeof temporaryDirectory>>;
let engine: Engine;

beforeAll(async () => {
  store = await testDatabase([...pipelinesMigrations, ...agentsMigrations]);
  home = await temporaryDirectory();
  repository = await temporaryDirectory();
  engine = await startEngine({ url: store.url, dataDir: home.path, repository: repository.path });
});
afterAll(async () => {
  await engine?.stop();
  await store?.close();
  await home?.remove();
  await repository?.remove();
});

it('removes what old runs left behind, unless a younger rerun took it over, and says so', async () => {
  const step = { when: 'on_success' as const, name: 'keep' };
  const plan = planOf(
    job('make', [
      run('mkdir out && echo made > out/file'),
      { ...step, kind: 'persist_to_workspace', root: '.', paths: ['out'] },
      { ...step, kind: 'store_artifacts', path: 'out' },
      { ...step, kind: 'save_cache', key: 'v1', paths: ['out'] },
    ]),
    job(
      'use',
      [{ ...step, kind: 'attach_workspace', at: '.' }, run('test -e out/file && test -e "$HOME/../../never"')],
      {
        ...requires('make'),
      },
    ),
  );
  await writeFile(join(repository.path, 'pipeline.json'), plan);
  const first = await engine.ended((await engine.start()).id);
  expect(first.jobs.map((each) => [each.name, each.status])).toEqual([
    ['make', 'success'],
    ['use', 'failed'],
  ]);
  const again = await engine.pipelines.rerun(first.id, 'failed', system('test'));
  await engine.ended(again.id);

  const artifact = await store.database.first<{ id: string }>(sql`select id from pipelines_artifacts`);
  const layer = await store.database.first<{ file: string }>(sql`select file from pipelines_layers`);
  const cache = await store.database.first<{ id: string }>(sql`select id from pipelines_caches`);
  const { files } = engine.pipelines;
  const paths = [files.artifact(artifact!.id), layer!.file, files.cache(cache!.id)];
  const deps = { database: store.database, files, cacheLimitBytes: 1e9, keepDays: 30 };
  const tidy = async (): Promise<boolean[]> => {
    await expireRuns(deps);
    await trimCaches(deps);
    return paths.map((path) => existsSync(path));
  };
  const age = (id: string) =>
    store.database.execute(sql`update pipelines_runs set finished_at = now() - interval '31 days' where id = ${id}`);
  expect(await tidy()).toEqual([true, true, true]);
  await age(first.id);
  expect(await tidy()).toEqual([true, true, true]);
  await age(again.id);
  await store.database.execute(sql`update pipelines_caches set used_at = now() - interval '31 days'`);
  expect(await tidy()).toEqual([false, false, false]);

  for (const { id } of [first, again])
    await expect(engine.pipelines.rerun(id, 'failed', system('test'))).rejects.toMatchObject({
      code: 'pipelines.files-gone',
    });

  const told = await readEventsAfter(store.database, 0, { types: ['pipelines.'] }, 200);
  const of = (type: string) => told.filter((event) => event.type === `pipelines.${type}`).map((event) => event.data);
  expect(of('caches.removed')).toMatchObject([{ keys: ['v1'], caches: 1 }]);
  expect(of('run.files_removed')).toMatchObject([
    { runId: first.id, artifacts: 1, workspaces: 1 },
    { runId: again.id, artifacts: 0, workspaces: 1 },
  ]);
});
