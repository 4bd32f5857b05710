import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { TelemetryRecord } from '../src/platform/observe/telemetry-sink.ts';
import { sleep } from './measure.ts';
import { openBenchTelemetry, project } from './telemetry-room.ts';

/**
 * 1,000,000 lines of one step: how fast they become durable, how fast the store has them all, whether any is missing. Beside it, in the
 * same run, the limit: the same text written to one file with a sync for each 2,000 lines. Goal: over 100,000 lines/s.
 */
const lines = 1_000_000;
const perWrite = 2000;

const batch = (from: number, at: number): TelemetryRecord[] =>
  Array.from({ length: perWrite }, (_, index) => ({
    type: 'Log',
    timestamp: at + (from + index) / 1000,
    projectId: project,
    attributes: {
      message: `line ${from + index}: ok shop.tests.CartTest.test_discounts_are_applied_once (module ${index % 40})`,
      level: 'info',
      runId: '0193b2a0-0000-7000-8000-000000000002',
      jobId: '0193b2a0-0000-7000-8000-000000000003',
      step: 'test',
    },
  }));

async function plainFile(directory: string): Promise<number> {
  const path = join(directory, 'plain.log');
  const file = await open(path, 'w');
  const at = Date.now();
  let taken = 0;
  for (let from = 0; from < lines; from += perWrite) {
    const text = batch(from, at).map(({ attributes }) => `${attributes.message}\n`);
    const started = performance.now();
    await file.write(text.join(''));
    await file.datasync();
    taken += performance.now() - started;
  }
  await file.close();
  await rm(path);
  return lines / (taken / 1000);
}

const room = await openBenchTelemetry();
const { telemetry, directory } = room;
try {
  const bare = await plainFile(directory);
  const at = Date.now();
  const before = process.cpuUsage();
  const started = performance.now();
  for (let from = 0; from < lines; from += perWrite) await telemetry.write(batch(from, at));
  const durable = lines / ((performance.now() - started) / 1000);
  const used = process.cpuUsage(before);
  const all = `SELECT count(*), uniqueCount(message) FROM Log SINCE ${at - 1} UNTIL ${at + 3_600_000}`;
  const ask = async (): Promise<number[]> =>
    (await telemetry.query(all, { scope: { projectId: project } })).rows[0] as number[];
  while ((await ask())[0]! < lines) await sleep(100);
  const queryable = lines / ((performance.now() - started) / 1000);
  const [count] = await ask();
  console.log(
    `${lines} lines: durable ${Math.round(durable)}/s (${Math.round((100 * durable) / bare)} % of one synced file, ${Math.round(bare)}/s); ` +
      `queryable ${Math.round(queryable)}/s; ${((used.user + used.system) / lines).toFixed(1)} us of processor a line; ${lines - count!} missing`,
  );
} finally {
  await room.close();
}
process.exit(0);
