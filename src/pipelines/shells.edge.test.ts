import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { busyboxImage, ensureBusyboxImage, hasDocker } from '../../test/harness/busybox-image.ts';
import { type Engine, job, planOf, requires, run, startEngine, temporaryDirectory } from '../../test/harness/engine.ts';
import { testDatabase } from '../../test/harness/postgres.ts';
import { agentsMigrations } from '../agents/index.ts';
import { system } from '../kernel/events.ts';
import { pipelinesMigrations } from './index.ts';

let store: Awaited<ReturnType<typeof testDatabase>>;
let home: Awaited<ReturnType<typeof temporaryDirectory>>;
let repository: Awaited<ReturnType<typeof temporaryDirectory>>;
let engine: Engine;
const docker = hasDocker();

beforeAll(async () => {
  store = await testDatabase([...pipelinesMigrations, ...agentsMigrations]);
  home = await temporaryDirectory();
  repository = await temporaryDirectory();
  execFileSync('git', ['-C', repository.path, 'init', '-q', '-b', 'main']);
  if (docker) await ensureBusyboxImage();
  engine = await startEngine({ url: store.url, dataDir: home.path, repository: repository.path, docker });
}, 120_000);
afterAll(async () => {
  await engine?.stop();
  await store?.close();
  await home?.remove();
  await repository?.remove();
});

const size = { rows: 24, columns: 80 };

/** Types lines into a shell one after another and gives what it printed to its end. */
async function type(jobId: string, ...lines: string[]): Promise<{ text: string; code: number | null }> {
  const { shells } = engine.pipelines;
  const id = await shells.open(jobId, size);
  await shells.write(jobId, id, { input: Buffer.from(lines.map((line) => `${line}\n`).join('')) });
  let text = '';
  for (let offset = 0; ; ) {
    const read = await shells.read(jobId, id, offset, 1000);
    ({ offset } = read);
    text += read.output.toString();
    if (read.ended && read.output.length === 0) {
      shells.close(jobId, id);
      return { text, code: read.ended.code };
    }
  }
}

it.each([
  ['host', { kind: 'machine' as const }],
  ...(docker
    ? [['docker', { kind: 'docker' as const, images: [{ image: busyboxImage, environment: {} }] }] as const]
    : []),
] as const)(
  'keeps the place of a job that failed for whoever wants to look around in it (%s)',
  async (_kind, executor) => {
    const failing = job('test', [run('echo found > here'), run('exit 3')], {
      executor: executor as never,
      environment: { COLOUR: 'blue' },
      ...requires('build'),
    });
    await writeFile(join(repository.path, 'pipeline.json'), planOf(job('build', [run('true')]), failing));
    const first = await engine.ended((await engine.start()).id);
    expect(first.jobs.map(({ status }) => status)).toEqual(['success', 'failed']);
    await expect(engine.pipelines.shells.open(first.jobs[1]!.id, size)).rejects.toThrow('not at this moment');

    const again = await engine.pipelines.rerunForShell(first.jobs[1]!.id, system('test'));
    const waiting = await engine.until(async () => {
      const found = (await engine.pipelines.readRun(again.id)).jobs.find(({ name }) => name === 'test');
      if (found?.status !== 'running') return undefined;
      const detail = await engine.pipelines.readJob(found.id);
      return detail.steps.at(-1)!.status === 'running' ? detail : undefined;
    });
    expect(waiting.steps.at(-1)).toMatchObject({ kind: 'wait_for_shell', name: 'Wait for a shell' });
    expect(waiting.steps[2]).toMatchObject({ status: 'failed', exitCode: 3 });

    const { text, code } = await type(
      waiting.id,
      'cat here',
      'echo "it is $COLOUR in job $CIRCLE_JOB"',
      'tty',
      'exit 7',
    );
    expect(text).toMatch(/^found\r?$/m);
    expect(text).toContain('it is blue in job test');
    expect(text).toMatch(/^\/dev\/pts?/m);
    expect(code).toBe(7);

    await engine.pipelines.cancelJob(waiting.id, system('test'));
    const ended = await engine.ended(again.id);
    expect(ended.jobs.map(({ name, status }) => [name, status])).toEqual([
      ['build', 'success'],
      ['test', 'canceled'],
    ]);
  },
  120_000,
);
