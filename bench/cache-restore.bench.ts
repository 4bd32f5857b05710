import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { agentsMigrations } from '../src/agents/index.ts';
import { pipelinesMigrations } from '../src/pipelines/index.ts';
import { job, planOf, run, startEngine, temporaryDirectory } from '../test/harness/engine.ts';
import { testDatabase } from '../test/harness/postgres.ts';

/** Restoring a cache of 500 MB in 50,000 files, against a bare `tar` that unpacks the same. Limit: over half of its speed. */
const files = 50_000;
const bytes = 10_000;
const turns = 3;

const store = await testDatabase([...pipelinesMigrations, ...agentsMigrations]);
const home = await temporaryDirectory();
const repository = await temporaryDirectory();
const bare = await temporaryDirectory();
execFileSync('git', ['-C', repository.path, 'init', '-q', '-b', 'main']);
const engine = await startEngine({ url: store.url, dataDir: home.path, repository: repository.path });

for (let index = 0; index < files; index += 1) {
  const folder = join(bare.path, 'deps', String(index % 500));
  if (index < 500) await mkdir(folder, { recursive: true });
  await writeFile(join(folder, `file${index}`), Buffer.alloc(bytes, index));
}
execFileSync('tar', ['-cf', join(bare.path, 'deps.tar'), '-C', bare.path, 'deps']);

async function stepMs(...steps: Parameters<typeof job>[1]): Promise<number[]> {
  await writeFile(join(repository.path, 'pipeline.json'), planOf(job('cache', steps)));
  const { id } = await engine.start();
  const ended = await engine.until(async () => {
    const now = await engine.pipelines.readRun(id);
    return now.finishedAt !== null && now;
  }, 600_000);
  if (ended.status !== 'success') throw new Error(`the job ended as ${ended.status}: ${ended.jobs[0]!.reason}`);
  const detail = await engine.pipelines.readJob(ended.jobs[0]!.id);
  return detail.steps.map((step) => Date.parse(step.finishedAt!) - Date.parse(step.startedAt!));
}

const on = { when: 'on_success' as const };
await stepMs(run(`cp -r ${bare.path}/deps deps`), {
  kind: 'save_cache',
  name: 'Save',
  key: 'deps',
  paths: ['deps'],
  ...on,
});
const median = (values: number[]): number => values.sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
/** What was written before is on the disk, and the places of earlier jobs are gone: neither side pays for it. */
async function settle(): Promise<void> {
  const jobs = join(home.path, 'pipelines', 'jobs');
  await engine.until(
    async () => (await readdir(jobs, { recursive: false })).every((id) => !existsSync(join(jobs, id, 'place'))),
    600_000,
  );
  execFileSync('sync');
}
const restored: number[] = [];
const unpacked: number[] = [];
for (let turn = 0; turn < turns; turn += 1) {
  // A moment of each after the other, so that what else the machine does falls on both.
  await settle();
  restored.push((await stepMs({ kind: 'restore_cache', name: 'Restore', keys: ['deps'], ...on }))[1]!);
  const into = join(bare.path, `into${turn}`);
  await mkdir(into);
  await settle();
  const started = performance.now();
  execFileSync('tar', ['-xf', join(bare.path, 'deps.tar'), '-C', into]);
  unpacked.push(performance.now() - started);
  execFileSync('rm', ['-rf', into]);
}
const speed = median(unpacked) / median(restored);
console.log(
  `${files} files, ${(files * bytes) / 1e6} MB: restored in ${median(restored).toFixed(0)} ms, bare tar ${median(unpacked).toFixed(0)} ms: ` +
    `${speed.toFixed(2)} of its speed (limit 0.5)`,
);
await engine.stop();
await store.close();
for (const place of [home, repository, bare]) await place.remove();
process.exit(speed > 0.5 ? 0 : 1);
