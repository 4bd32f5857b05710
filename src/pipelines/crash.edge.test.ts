import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { busyboxImage, ensureBusyboxImage, hasDocker } from '../../test/harness/busybox-image.ts';
import {
  type Engine,
  type EngineOptions,
  job,
  planOf,
  requires,
  run,
  startEngine,
  temporaryDirectory,
} from '../../test/harness/engine.ts';
import { type TestDatabase, testDatabase } from '../../test/harness/postgres.ts';
import { agentsMigrations } from '../agents/index.ts';
import { readEventsAfter } from '../platform/events/log.ts';
import { sql } from '../platform/postgres/sql.ts';
import { pipelinesMigrations } from './index.ts';
import type { PlannedJob } from './plan.ts';

let store: TestDatabase;
let home: Awaited<ReturnType<typeof temporaryDirectory>>;
let repository: Awaited<ReturnType<typeof temporaryDirectory>>;
const children: ChildProcess[] = [];
const engines: Engine[] = [];

beforeEach(async () => {
  store = await testDatabase([...pipelinesMigrations, ...agentsMigrations]);
  home = await temporaryDirectory();
  repository = await temporaryDirectory();
  execFileSync('git', ['-C', repository.path, 'init', '-q', '-b', 'main']);
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  for (const engine of engines.splice(0)) await engine.stop();
  await store.close();
  await home.remove();
  await repository.remove();
});

const options = (more: Partial<EngineOptions> = {}): EngineOptions => ({
  url: store.url,
  dataDir: home.path,
  repository: repository.path,
  secrets: [{ name: 'API_TOKEN', value: 'sup3r-s3cret-value' }],
  ...more,
});

/** A server in a process of its own. */
async function serve(more: Partial<EngineOptions> = {}): Promise<ChildProcess> {
  const entry = fileURLToPath(new URL('../../test/harness/engine-process.ts', import.meta.url));
  const child = spawn(process.execPath, ['--import', 'tsx', entry, JSON.stringify(options(more))], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  await new Promise<void>((resolve, reject) => {
    child.stdout!.once('data', () => resolve());
    child.once('exit', (code) => reject(new Error(`the server ended with ${code}`)));
  });
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await gone;
}

/** An engine here that runs nothing: it only starts runs and looks. */
async function watcher(more: Partial<EngineOptions> = {}): Promise<Engine> {
  const engine = await startEngine(options({ serverId: 'watcher', name: 'watcher', slots: 0, ...more }));
  engines.push(engine);
  return engine;
}
const plan = (...jobs: PlannedJob[]): Promise<void> =>
  writeFile(join(repository.path, 'pipeline.json'), planOf(...jobs));
const numbered = (count: number): string => Array.from({ length: count }, (_, index) => `line ${index}\n`).join('');

describe('a server killed with a step under way', () => {
  const counting =
    'i=0; while [ $i -lt 400 ]; do echo "line $i"; i=$((i+1)); [ $((i % 20)) -eq 0 ] && sleep 0.1; done; echo "token $API_TOKEN"';

  async function killedAgainAndAgain(spec: PlannedJob, more: Partial<EngineOptions>): Promise<void> {
    await plan(spec, job('after', [run('echo after')], requires(spec.name)));
    const engine = await watcher(more);
    let server = await serve(more);
    const { id } = await engine.start();
    const jobId = await engine.until(async () => (await engine.pipelines.readRun(id)).jobs[0]?.id);
    for (let turn = 0; turn < 3; turn += 1) {
      await sleep(250 + turn * 170);
      await kill(server);
      await sleep(100);
      server = await serve(more);
    }
    const ended = await engine.ended(id);
    const words = await Promise.all(
      [2].map((step) => readFile(engine.pipelines.files.log(jobId, step), 'utf8').catch(String)),
    );
    expect(
      ended.jobs.map((each) => [each.name, each.status]),
      `${ended.jobs[0]!.reason}\n${words.map((text) => text.slice(-300)).join('--\n')}`,
    ).toEqual([
      [spec.name, 'success'],
      ['after', 'success'],
    ]);
    expect(await readFile(engine.pipelines.files.log(jobId, 1), 'utf8')).toBe(`${numbered(400)}token ****\n`);
    const detail = await engine.pipelines.readJob(jobId);
    expect(detail.steps.map((step) => step.status)).toEqual(['success', 'success', 'success', 'success']);
    expect(detail.steps[1]!.lines).toBe(401);
    expect(detail.steps[3]!.lines).toBe(1);
    const events = await readEventsAfter(
      store.database,
      0,
      { types: ['pipelines.job.'], subject: `job:${jobId}` },
      100,
    );
    expect(events.map((event) => event.type)).toEqual([
      'pipelines.job.queued',
      'pipelines.job.started',
      'pipelines.job.finished',
    ]);
  }
  const steps = [
    run(counting),
    { kind: 'checkout' as const, name: 'Checkout', when: 'on_success' as const },
    run('echo end'),
  ];

  it('finds it again on the host, with nothing lost and nothing twice', async () => {
    await killedAgainAndAgain(job('long', steps), {});
  });

  it.skipIf(!hasDocker())('finds it again in its container', async () => {
    await ensureBusyboxImage();
    const executor = { kind: 'docker' as const, images: [{ image: busyboxImage, environment: {} }] };
    await killedAgainAndAgain(job('long', steps, { executor }), { docker: true });
  });
});

describe('two servers on one database', () => {
  it('never run a job twice, and share the work', async () => {
    const trace = join(home.path, 'trace');
    await plan(
      ...Array.from({ length: 12 }, (_, index) => job(`j${index}`, [run(`echo j${index} >> ${trace}; sleep 0.2`)])),
    );
    const first = await startEngine(options({ serverId: 'one', name: 'one', slots: 2 }));
    const second = await startEngine(options({ serverId: 'two', name: 'two', slots: 2 }));
    engines.push(first, second);
    const ended = await first.ended((await first.start()).id);
    expect(ended.status).toBe('success');
    const ran = (await readFile(trace, 'utf8')).trim().split('\n').sort();
    expect(ran).toEqual(ended.jobs.map((each) => each.name).sort());
    expect(new Set(ended.jobs.map((each) => each.agent))).toEqual(new Set(['one', 'two']));
  });

  it('take over from one that died, and refuse what it writes afterwards', async () => {
    await plan(job('long', [run('echo begun; sleep 3; echo done')]));
    const engine = await watcher();
    const dead = await serve({ serverId: 'dead', name: 'dead' });
    const { id } = await engine.start();
    await engine.until(async () => (await engine.pipelines.readRun(id)).jobs[0]?.status === 'running');
    await sleep(500);
    await kill(dead);
    // Its lease runs out; nobody waits 30 s in a test.
    await store.database.execute(sql`update agents_work set lease_until = clock_timestamp() - interval '1 second'`);
    const heir = await startEngine(options({ serverId: 'heir', name: 'heir' }));
    engines.push(heir);
    const ended = await engine.ended(id);
    expect(ended.status).toBe('success');
    expect(await readFile(engine.pipelines.files.log(ended.jobs[0]!.id, 1), 'utf8')).toBe('begun\ndone\n');
    const held = await store.database.first<{ epoch: number }>(
      sql`select epoch from pipelines_jobs where id = ${ended.jobs[0]!.id}`,
    );
    expect(held!.epoch).toBe(2);
  });
});
