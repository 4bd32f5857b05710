import { execFileSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { agentsMigrations } from '../src/agents/index.ts';
import { system } from '../src/kernel/events.ts';
import { pipelinesMigrations } from '../src/pipelines/index.ts';
import { hasDocker } from '../test/harness/busybox-image.ts';
import { ensureDebianImage, hasPackages } from '../test/harness/debian-image.ts';
import { job, planOf, run, startEngine, temporaryDirectory } from '../test/harness/engine.ts';
import { testDatabase } from '../test/harness/postgres.ts';

/**
 * Restoring a cache of 500 MB in 50,000 files, on the host and in a container, against a bare `tar` that unpacks the same there. Limit:
 * over half of its speed. Nothing is deleted before the last measurement: an ext4 without a journal looks at every inode deleted in the last
 * minutes before it makes a new one, so that whoever unpacks after a deletion of 50,000 files takes up to ten times as long.
 */
const files = 50_000;
const bytes = 10_000;
const turns = 3;

const image = 'millrace-test-debian:1';
const docker = hasDocker() && hasPackages(['tar']);
if (docker) await ensureDebianImage(image, []);
const store = await testDatabase([...pipelinesMigrations, ...agentsMigrations]);
const home = await temporaryDirectory();
const repository = await temporaryDirectory();
const bare = await temporaryDirectory();
execFileSync('git', ['-C', repository.path, 'init', '-q', '-b', 'main']);
const engine = await startEngine({
  url: store.url,
  dataDir: home.path,
  repository: repository.path,
  docker,
  slots: 2 * turns + 1,
});

for (let index = 0; index < files; index += 1) {
  const folder = join(bare.path, 'deps', String(index % 500));
  if (index < 500) await mkdir(folder, { recursive: true });
  await writeFile(join(folder, `file${index}`), Buffer.alloc(bytes, index));
}
execFileSync('tar', ['-cf', join(bare.path, 'deps.tar'), '-C', bare.path, 'deps']);

const on = { when: 'on_success' as const };
type Step = Parameters<typeof job>[1][number];
const open: string[] = [];
/** Starts a job that stays until the end; how long the step of this number took. */
async function stepMs(number: number, steps: Step[], more: Parameters<typeof job>[2] = {}): Promise<number> {
  await writeFile(join(repository.path, 'pipeline.json'), planOf(job('cache', [...steps, run('sleep 1200')], more)));
  const { id } = await engine.start();
  open.push(id);
  return engine.until(async () => {
    const { jobs } = await engine.pipelines.readRun(id);
    // Looking has its cost too; the times are those the steps had.
    await sleep(500);
    if (!jobs[0]) return false;
    const { steps: now, job: state } = { job: jobs[0], ...(await engine.pipelines.readJob(jobs[0].id)) };
    const step = now.find((each) => each.number === number);
    if (step?.status === 'failed' || state.reason) throw new Error(`step ${number} failed: ${state.reason}`);
    return step?.finishedAt && step.startedAt ? Date.parse(step.finishedAt) - Date.parse(step.startedAt) : false;
  }, 600_000);
}

const restore: Step = { kind: 'restore_cache', name: 'Restore', keys: ['deps'], ...on };
await stepMs(2, [
  run(`cp -r ${bare.path}/deps ~/deps`),
  { kind: 'save_cache', name: 'Save', key: 'deps', paths: ['~/deps'], ...on },
]);

const median = (values: number[]): number => values.sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
const contained = { kind: 'docker' as const, images: [{ image, environment: {} }] };
const peer = `millrace-bench-cache-${process.pid}`;
if (docker)
  execFileSync('docker', ['run', '-d', '--name', peer, '-v', `${bare.path}:/bare:ro`, image, 'sleep', '3600']);
/** How long a bare tar takes to unpack the same into a new directory, here or in a container. */
function tarMs(kind: Kind, turn: number): number {
  const script = 'mkdir "$1" && exec tar -xf "$2/deps.tar" -C "$1"';
  const inside = kind === 'docker' ? ['docker', 'exec', peer] : [];
  const [into, from] = kind === 'docker' ? [`/root/into${turn}`, '/bare'] : [join(bare.path, `into${turn}`), bare.path];
  const [program, ...argv] = [...inside, 'sh', '-c', script, 'sh', into, from];
  const started = performance.now();
  execFileSync(program!, argv);
  return performance.now() - started;
}

type Kind = 'host' | 'docker';
const kinds: Kind[] = docker ? ['host', 'docker'] : ['host'];
const took = { host: [] as number[], docker: [] as number[] };
const bareTook = { host: [] as number[], docker: [] as number[] };
for (let turn = 0; turn < turns; turn += 1) {
  for (const kind of kinds) {
    // A moment of each after the other, so that what else the machine does falls on both.
    execFileSync('sync');
    bareTook[kind].push(tarMs(kind, turn));
    execFileSync('sync');
    took[kind].push(await stepMs(1, [restore], kind === 'docker' ? { executor: contained } : {}));
  }
}
let missed = false;
for (const kind of kinds) {
  const [ours, theirs] = [median(took[kind]), median(bareTook[kind])];
  if (theirs / ours <= 0.5) missed = true;
  console.log(
    `${files} files, ${(files * bytes) / 1e6} MB, ${kind}: restored in ${ours.toFixed(0)} ms, bare tar ${theirs.toFixed(0)} ms: ` +
      `${(theirs / ours).toFixed(2)} of its speed (limit 0.5)`,
  );
}
if (docker) execFileSync('docker', ['rm', '-f', peer]);
for (const id of open) await engine.pipelines.cancelRun(id, system('bench'));
for (const id of open)
  await engine.until(async () => (await engine.pipelines.readRun(id)).finishedAt !== null, 600_000);
await engine.stop();
await store.close();
for (const place of [home, repository, bare]) await place.remove();
process.exit(missed ? 1 : 0);
