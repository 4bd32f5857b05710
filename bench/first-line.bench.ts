import { execFileSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { agentsMigrations } from '../src/agents/index.ts';
import { pipelinesMigrations } from '../src/pipelines/index.ts';
import { busyboxImage, ensureBusyboxImage, hasDocker } from '../test/harness/busybox-image.ts';
import { job, planOf, run, startEngine, temporaryDirectory } from '../test/harness/engine.ts';
import { testDatabase } from '../test/harness/postgres.ts';

/**
 * From the moment a push is known (the run is asked for) to the first line a `run` step prints, in the stored log.
 * Limits: 700 ms on the host, `docker run` of the same image plus 300 ms in a container.
 */
const hostLimitMs = 700;
const dockerExtraMs = 300;
const turns = 9;

const store = await testDatabase([...pipelinesMigrations, ...agentsMigrations]);
const home = await temporaryDirectory();
const repository = await temporaryDirectory();
execFileSync('git', ['-C', repository.path, 'init', '-q', '-b', 'main']);
const docker = hasDocker();
if (docker) await ensureBusyboxImage();
const engine = await startEngine({ url: store.url, dataDir: home.path, repository: repository.path, docker });

async function firstLineMs(kind: 'host' | 'docker'): Promise<number> {
  const executor =
    kind === 'docker'
      ? { kind: 'docker' as const, images: [{ image: busyboxImage, environment: {} }] }
      : { kind: 'machine' as const };
  await writeFile(join(repository.path, 'pipeline.json'), planOf(job('hello', [run('echo hello')], { executor })));
  const started = performance.now();
  const { id } = await engine.start();
  let jobId: string | undefined;
  for (;;) {
    jobId ??= (await engine.pipelines.readRun(id)).jobs[0]?.id;
    const log = jobId && (await readFile(engine.pipelines.files.log(jobId, 1), 'utf8').catch(() => ''));
    if (log) break;
    await sleep(5);
  }
  const took = performance.now() - started;
  await engine.ended(id);
  return took;
}

function dockerRunMs(): number {
  const started = performance.now();
  execFileSync('docker', ['run', '--rm', busyboxImage, 'echo', 'hello']);
  return performance.now() - started;
}

const median = (values: number[]): number => values.sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
const say = (kind: string, values: number[], limitMs: number, what: string): void => {
  const middle = median(values);
  const ratio = (middle / limitMs).toFixed(2);
  console.log(
    `${kind}: first line after ${middle.toFixed(0)} ms (worst ${values.at(-1)!.toFixed(0)}), ${ratio} of ${what}`,
  );
};

await firstLineMs('host');
const host: number[] = [];
for (let turn = 0; turn < turns; turn += 1) host.push(await firstLineMs('host'));
say('host', host, hostLimitMs, `the limit of ${hostLimitMs} ms`);
if (docker) {
  await firstLineMs('docker');
  dockerRunMs();
  const jobs: number[] = [];
  const bare: number[] = [];
  for (let turn = 0; turn < turns; turn += 1) {
    bare.push(dockerRunMs());
    jobs.push(await firstLineMs('docker'));
  }
  const limit = median(bare) + dockerExtraMs;
  say(
    'docker',
    jobs,
    limit,
    `the limit of ${limit.toFixed(0)} ms (docker run ${median(bare).toFixed(0)} ms + ${dockerExtraMs} ms)`,
  );
}
await engine.stop();
await store.close();
await home.remove();
await repository.remove();
process.exit(0);
