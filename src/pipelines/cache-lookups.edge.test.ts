import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Engine, job, planOf, run, startEngine, temporaryDirectory } from '../../test/harness/engine.ts';
import { testDatabase } from '../../test/harness/postgres.ts';
import { agentsMigrations } from '../agents/index.ts';
import { newId } from '../kernel/ids.ts';
import { pipelinesMigrations } from './index.ts';

let store: Awaited<ReturnType<typeof testDatabase>>;
let home: Awaited<ReturnType<typeof temporaryDirectory>>;
let repository: Awaited<ReturnType<typeof temporaryDirectory>>;
let engine: Engine;

beforeAll(async () => {
  store = await testDatabase([...pipelinesMigrations, ...agentsMigrations]);
  home = await temporaryDirectory();
  repository = await temporaryDirectory();
  execFileSync('git', ['-C', repository.path, 'init', '-q', '-b', 'main']);
  engine = await startEngine({ url: store.url, dataDir: home.path, repository: repository.path });
});
afterAll(async () => {
  await engine?.stop();
  await store?.close();
  await home?.remove();
  await repository?.remove();
});

const words = `v1-${newId()}`;
const key = `${words}-{{ .Environment.FLAVOUR }}-{{ checksum "lock" }}`;

/** A job that writes its lock file, asks for the cache and saves it; what the asking came to. */
async function ask(lock: string, flavour: string, keys: string[], saves = true) {
  const steps = [
    run(`printf ${lock} > lock; mkdir -p deps; echo ${lock} > deps/x`),
    { kind: 'restore_cache' as const, name: 'Restore', when: 'on_success' as const, keys },
    ...(saves
      ? [{ kind: 'save_cache' as const, name: 'Save', when: 'on_success' as const, key, paths: ['deps'] }]
      : []),
  ];
  const environment = { FLAVOUR: flavour };
  await writeFile(join(repository.path, 'pipeline.json'), planOf(job('build', steps, { environment })));
  const { id } = await engine.start();
  const ended = await engine.ended(id);
  expect(ended.status).toBe('success');
  return (await engine.pipelines.readJob(ended.jobs[0]!.id)).steps[2]!.cache!;
}

it('says of every restore whether it hit, and which input of the key changed if not', async () => {
  expect(await ask('one', 'plain', [key])).toMatchObject({
    outcome: 'miss',
    found: null,
    comparedWith: null,
    changes: [],
  });

  const hit = await ask('one', 'plain', [key]);
  expect(hit).toMatchObject({ outcome: 'hit', found: hit.key, changes: [] });
  expect(hit.bytes).toBeGreaterThan(0);

  const older = await ask('two', 'plain', [key, `${words}-`], false);
  expect(older).toMatchObject({ outcome: 'older', found: hit.key, comparedWith: hit.key });
  expect(older.changes.map(({ input }) => input)).toEqual(['checksum "lock"']);

  const missed = await ask('two', 'fancy', [key], false);
  expect(missed).toMatchObject({ outcome: 'miss', found: null, comparedWith: hit.key });
  expect(missed.changes.map(({ input }) => input)).toEqual(['.Environment.FLAVOUR', 'checksum "lock"']);
  expect(JSON.stringify(missed.changes)).not.toContain('"fancy"');

  const renamed = await ask('one', 'plain', [key.replace('v1-', 'v2-')], false);
  expect(renamed).toMatchObject({ outcome: 'miss', changes: [{ input: 'template', was: key }] });
}, 120_000);
