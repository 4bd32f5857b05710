import { execFileSync } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { agentsMigrations } from '../src/agents/index.ts';
import { pipelinesMigrations } from '../src/pipelines/index.ts';
import { LogReader } from '../src/pipelines/log/read.ts';
import { job, planOf, run, startEngine, temporaryDirectory } from '../test/harness/engine.ts';
import { testDatabase } from '../test/harness/postgres.ts';

/**
 * 1,000,000 lines from one step: nothing lost, over 100,000 lines a second from the step's start until the job's end is stored, and a
 * viewer never more than 500 ms behind what the step has printed.
 */
const lines = 1_000_000;
const limit = 100_000;
const behindLimitMs = 500;

const store = await testDatabase([...pipelinesMigrations, ...agentsMigrations]);
const home = await temporaryDirectory();
const repository = await temporaryDirectory();
execFileSync('git', ['-C', repository.path, 'init', '-q', '-b', 'main']);
const engine = await startEngine({
  url: store.url,
  dataDir: home.path,
  repository: repository.path,
  secrets: [
    { name: 'API_TOKEN', value: 'sup3r-s3cret-value' },
    { name: 'PASSWORD', value: 'correct horse battery' },
  ],
});
await writeFile(
  join(repository.path, 'pipeline.json'),
  planOf(
    job('lines', [
      run(
        `awk 'BEGIN { for (i = 0; i < ${lines}; i++) printf "%07d the quick brown fox jumps over the lazy dog and goes on\\n", i }'`,
      ),
    ]),
  ),
);
const { id } = await engine.start();
const jobId = await engine.until(async () => {
  const found = (await engine.pipelines.readRun(id)).jobs[0];
  return found?.status === 'running' && found.id;
});
const raw = join(engine.pipelines.files.control(jobId), 'steps/1/out');
const log = engine.pipelines.files.log(jobId, 1);

/** Bytes the step had printed, and when; the viewer's lag is how old the print is that it has just reached. */
const printed: { at: number; bytes: number }[] = [];
let worst = 0;
let samples = 0;
let ended = false;
const watching = (async () => {
  while (!ended) {
    const at = performance.now();
    const size = await stat(raw).then(
      (facts) => facts.size,
      () => printed.at(-1)?.bytes ?? 0,
    );
    printed.push({ at, bytes: size });
    const reader = await LogReader.open(log);
    const window = await reader?.window(-100, 100);
    await reader?.close();
    const seen = window?.totalBytes ?? 0;
    while (printed.length > 1 && printed[0]!.bytes <= seen) printed.shift();
    if (printed[0] && printed[0].bytes > seen) worst = Math.max(worst, performance.now() - printed[0].at);
    samples += 1;
    await sleep(20);
  }
})();
const finished = await engine.ended(id);
ended = true;
await watching;

const step = (await engine.pipelines.readJob(jobId)).steps[1]!;
const tookMs = Date.parse(finished.finishedAt!) - Date.parse(step.startedAt!);
let expected = 0;
let wrong = 0;
for await (const line of createInterface({ input: createReadStream(log) })) {
  if (Number(line.slice(0, 7)) !== expected) wrong += 1;
  expected += 1;
}
const rate = lines / (tookMs / 1000);
console.log(`${expected} of ${lines} lines are in the log, ${wrong} out of place`);
console.log(
  `${Math.round(rate)} lines/s (step start to stored end, ${tookMs} ms): ${(rate / limit).toFixed(2)} times the limit of ${limit}`,
);
console.log(
  `viewer at most ${worst.toFixed(0)} ms behind (${samples} looks): ${(worst / behindLimitMs).toFixed(2)} of the limit of ${behindLimitMs} ms`,
);
const shippedFrom = performance.now();
await engine.until(async () => engine.records.filter((record) => record.type === 'Log').length >= lines, 120_000);
console.log(
  `all lines handed to telemetry ${((performance.now() - shippedFrom) / 1000).toFixed(1)} s after the job’s end`,
);
await engine.stop();
await store.close();
await home.remove();
await repository.remove();
process.exit(expected === lines && wrong === 0 ? 0 : 1);
