import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { agentsMigrations } from '../src/agents/index.ts';
import { pipelinesMigrations } from '../src/pipelines/index.ts';
import { busyboxImage, ensureBusyboxImage, hasDocker } from '../test/harness/busybox-image.ts';
import { job, planOf, run, startEngine, temporaryDirectory } from '../test/harness/engine.ts';
import { testDatabase } from '../test/harness/postgres.ts';

/**
 * What a step costs: a job of 200 `true` steps against the same 200 commands in one shell, or one `docker run`. Limit: 5 ms a step.
 * The floor is what starting a shell for each of them costs on this machine, which every step needs.
 */
const count = 200;
const limitMs = 5;
const commands = Array.from({ length: count }, () => 'true\n').join('');

const store = await testDatabase([...pipelinesMigrations, ...agentsMigrations]);
const home = await temporaryDirectory();
const repository = await temporaryDirectory();
execFileSync('git', ['-C', repository.path, 'init', '-q', '-b', 'main']);
const docker = hasDocker();
if (docker) await ensureBusyboxImage();
const engine = await startEngine({ url: store.url, dataDir: home.path, repository: repository.path, docker });

async function jobMs(kind: 'host' | 'docker'): Promise<number> {
  const steps = Array.from({ length: count }, () => run('true'));
  const executor =
    kind === 'docker'
      ? { kind: 'docker' as const, images: [{ image: busyboxImage, environment: {} }] }
      : { kind: 'machine' as const };
  await writeFile(join(repository.path, 'pipeline.json'), planOf(job('steps', steps, { executor })));
  const started = performance.now();
  const ended = await engine.ended((await engine.start()).id);
  if (ended.status !== 'success') throw new Error(`the job ended as ${ended.status}`);
  return performance.now() - started;
}

function bareMs(kind: 'host' | 'docker'): number {
  const started = performance.now();
  if (kind === 'docker') execFileSync('docker', ['run', '--rm', busyboxImage, 'sh', '-c', commands]);
  else execFileSync('sh', ['-c', commands]);
  return performance.now() - started;
}

/** 200 shells one after another, as the steps of a job have them. */
function floorMs(): number {
  const started = performance.now();
  execFileSync('sh', ['-c', Array.from({ length: count }, () => "/bin/bash -eo pipefail -c 'true'\n").join('')]);
  return performance.now() - started;
}

const median = (values: number[]): number => values.sort((a, b) => a - b)[Math.floor(values.length / 2)]!;

for (const kind of docker ? (['host', 'docker'] as const) : (['host'] as const)) {
  await jobMs(kind);
  bareMs(kind);
  const jobs: number[] = [];
  const bare: number[] = [];
  for (let turn = 0; turn < 5; turn += 1) {
    bare.push(bareMs(kind));
    jobs.push(await jobMs(kind));
  }
  const each = (median(jobs) - median(bare)) / count;
  console.log(
    `${kind}: ${count} steps ${median(jobs).toFixed(0)} ms, bare ${median(bare).toFixed(0)} ms: ` +
      `${each.toFixed(2)} ms a step, ${(each / limitMs).toFixed(2)} of the limit of ${limitMs} ms`,
  );
}
console.log(`floor: ${(floorMs() / count).toFixed(2)} ms to start a shell for each step`);
await engine.stop();
await store.close();
await home.remove();
await repository.remove();
process.exit(0);
