import { execFile, execFileSync } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { DuckDBInstance } from '@duckdb/node-api';
import type { TelemetryRecord } from '../src/platform/observe/telemetry-sink.ts';
import type { Telemetry } from '../src/telemetry/index.ts';
import { burden, medianMs, random, sleep } from './measure.ts';
import { type BenchTelemetry, openBenchTelemetry, project } from './telemetry-room.ts';

/**
 * The same log lines and spans in Millrace, in a ClickHouse table made by hand for just these questions (the limit), in DuckDB, and in a
 * file under zstd: bytes on disk for a row, and how long three questions take (the median of five). Questions go to Millrace as NRQL
 * through its own door, so parsing, limits and shaping of the answer count. `BENCH_ROWS` changes the number of rows.
 */
const rows = Number(process.env.BENCH_ROWS ?? 10_000_000);
const perWrite = 20_000;
const spanMs = 6 * 3_600_000;
const startsAt = Math.floor(Date.now() / 3_600_000) * 3_600_000 - spanMs;
const needle = 'order 7f3a was refused by the bank';

const services = ['web', 'pricing', 'worker', 'search', 'mail', 'gateway', 'auth', 'stock'];
const hex = (): string => random(0xffffffff).toString(16).padStart(8, '0');
const lines: (() => string)[] = [
  () => `GET /articles/${random(5000)} 200 ${random(900)}ms ip=10.0.${random(256)}.${random(256)}`,
  () => `cart ${hex()} holds ${random(20)} articles worth ${random(90_000) / 100} EUR`,
  () => `cache miss for key article:${random(5000)}:${hex()}`,
  () => `job ${hex()}${hex()} finished in ${random(5000)} ms, ${random(3)} retries`,
  () => `connection to postgres://db-${random(4)}:5432 took ${random(40)} ms`,
];

const timeOf = (index: number): number => startsAt + (index / rows) * spanMs;
const logOf = (index: number): TelemetryRecord => ({
  type: 'Log',
  timestamp: timeOf(index),
  projectId: project,
  attributes: {
    service: services[random(services.length)],
    level: random(50) === 0 ? 'error' : 'info',
    message: index % 100_003 === 7 ? needle : lines[random(lines.length)]!(),
  },
});
const spanOf = (index: number): TelemetryRecord => ({
  type: 'Span',
  timestamp: timeOf(index),
  projectId: project,
  attributes: {
    service: services[random(services.length)],
    name: `GET /${random(20)}`,
    traceId: hex() + hex() + hex() + hex(),
    spanId: hex() + hex(),
    duration: random(1_000_000) / 1_000_000,
  },
});

const run = promisify(execFile);

async function fill(
  { telemetry, storePid }: BenchTelemetry,
  type: 'Log' | 'Span',
  make: (index: number) => TelemetryRecord,
): Promise<void> {
  const before = process.cpuUsage();
  const store = (await burden(storePid())).seconds;
  const started = performance.now();
  // Making the records is the bench's own work and not counted.
  let madeMs = 0;
  let madeCpu = 0;
  for (let from = 0; from < rows; from += perWrite) {
    const making = performance.now();
    const cpu = process.cpuUsage();
    const batch = Array.from({ length: Math.min(perWrite, rows - from) }, (_, index) => make(from + index));
    madeMs += performance.now() - making;
    madeCpu += secondsOf(process.cpuUsage(cpu));
    await telemetry.write(batch);
  }
  while ((await ask(telemetry, `SELECT count(*) FROM ${type}`))[0]![0] !== rows) await sleep(100);
  const ms = performance.now() - started - madeMs;
  const seconds = secondsOf(process.cpuUsage(before)) - madeCpu;
  const stored = (await burden(storePid())).seconds - store;
  const aMillion = (spent: number): string => ((spent / rows) * 1e6).toFixed(2);
  console.log(
    `${type}: ${rows} rows queryable at ${Math.round(rows / (ms / 1000))}/s, ` +
      `${aMillion(seconds)} s of the server's processor and ${aMillion(stored)} s of the store's for a million`,
  );
}

const secondsOf = ({ user, system }: NodeJS.CpuUsage): number => (user + system) / 1e6;

/** A time as ClickHouse and DuckDB read it. */
const textOf = (ms: number): string => new Date(ms).toISOString().slice(0, 19).replace('T', ' ');

const range = `SINCE ${startsAt} UNTIL ${startsAt + spanMs}`;
async function ask(telemetry: Telemetry, nrql: string): Promise<unknown[][]> {
  const { rows: found } = await telemetry.query(`${nrql} ${range}`, { scope: { projectId: project } });
  return found as unknown[][];
}

const room = await openBenchTelemetry();
const { telemetry, directory, sql } = room;
try {
  await fill(room, 'Log', logOf);
  await fill(room, 'Span', spanOf);

  await sql(`CREATE TABLE by_hand_logs (timestamp DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1)), service LowCardinality(String),
    level LowCardinality(String), message String CODEC(ZSTD(1))) ENGINE = MergeTree ORDER BY (service, timestamp)`);
  await sql('INSERT INTO by_hand_logs SELECT timestamp, service, level, message FROM telemetry_logs');
  await sql(`CREATE TABLE by_hand_spans (timestamp DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1)), service LowCardinality(String),
    name LowCardinality(String), traceId String CODEC(ZSTD(1)), spanId String CODEC(ZSTD(1)), duration Float64 CODEC(ZSTD(1)))
    ENGINE = MergeTree ORDER BY (service, timestamp)`);
  await sql(
    'INSERT INTO by_hand_spans SELECT timestamp, service, name, traceId, spanId, duration FROM telemetry_spans',
  );
  for (const table of ['telemetry_logs', 'telemetry_spans', 'by_hand_logs', 'by_hand_spans']) {
    await sql(`OPTIMIZE TABLE ${table} FINAL`);
  }

  const parquet = (name: string): string => join(directory, `${name}.parquet`);
  await sql(
    'SELECT timestamp, service, level, message FROM by_hand_logs ORDER BY timestamp FORMAT Parquet',
    parquet('logs'),
  );
  await sql('SELECT * FROM by_hand_spans ORDER BY timestamp FORMAT Parquet', parquet('spans'));
  const plain = join(directory, 'lines.txt');
  await sql('SELECT timestamp, service, level, message FROM by_hand_logs ORDER BY timestamp FORMAT TSVRaw', plain);
  execFileSync('zstd', ['-q', '-3', '--rm', plain]);

  const duckPath = join(directory, 'peer.duckdb');
  const duck = await (await DuckDBInstance.create(duckPath)).connect();
  const loading = performance.now();
  for (const name of ['logs', 'spans']) await duck.run(`CREATE TABLE ${name} AS SELECT * FROM '${parquet(name)}'`);
  await duck.run('CHECKPOINT');
  console.log(
    `DuckDB loads both from Parquet at ${Math.round((2 * rows) / ((performance.now() - loading) / 1000))} rows/s`,
  );

  const onDisk = async (table: string): Promise<number> =>
    Number(await sql(`SELECT sum(bytes_on_disk) FROM system.parts WHERE active AND table = '${table}'`)) / rows;
  const duckBytes = (await stat(duckPath)).size / rows;
  console.log(
    `bytes a row: log ${(await onDisk('telemetry_logs')).toFixed(1)} (by hand ${(await onDisk('by_hand_logs')).toFixed(1)}, ` +
      `text under zstd ${((await stat(`${plain}.zst`)).size / rows).toFixed(1)}); span ${(await onDisk('telemetry_spans')).toFixed(1)} ` +
      `(by hand ${(await onDisk('by_hand_spans')).toFixed(1)}); DuckDB both ${duckBytes.toFixed(1)}`,
  );

  // Every question is about a range of time, as all of Millrace's are, though this one holds every row.
  const hours = `timestamp >= '${textOf(startsAt)}' AND timestamp < '${textOf(startsAt + spanMs)}'`;
  const questions = [
    {
      name: 'count by minute',
      nrql: 'SELECT count(*) FROM Log TIMESERIES 1 minute',
      hand: `SELECT toStartOfMinute(timestamp) m, count() FROM by_hand_logs WHERE ${hours} GROUP BY m ORDER BY m FORMAT Null`,
      duck: `SELECT date_trunc('minute', timestamp) m, count(*) FROM logs WHERE ${hours} GROUP BY m ORDER BY m`,
    },
    {
      name: 'substring',
      nrql: `SELECT count(*) FROM Log WHERE message LIKE '%${needle}%'`,
      hand: `SELECT count() FROM by_hand_logs WHERE ${hours} AND message LIKE '%${needle}%' FORMAT Null`,
      duck: `SELECT count(*) FROM logs WHERE ${hours} AND message LIKE '%${needle}%'`,
      grep: true,
    },
    {
      name: 'p95 by facet',
      nrql: 'SELECT percentile(duration, 95) FROM Span FACET name',
      hand: `SELECT name, quantile(0.95)(duration) FROM by_hand_spans WHERE ${hours} GROUP BY name FORMAT Null`,
      duck: `SELECT name, approx_quantile(duration, 0.95) FROM spans WHERE ${hours} GROUP BY name`,
    },
  ];
  for (const { name, nrql, hand, duck: duckSql, grep } of questions) {
    const ours = await medianMs(() => ask(telemetry, nrql));
    const limit = await medianMs(() => sql(hand));
    const peer = await medianMs(async () => (await duck.runAndReadAll(duckSql)).getRows());
    const file = grep ? await medianMs(() => run('zstdgrep', ['-c', needle, `${plain}.zst`])) : undefined;
    console.log(
      `${name}: ${ours.toFixed(0)} ms; by hand ${limit.toFixed(0)} ms (${(limit / ours).toFixed(2)} of its speed); ` +
        `DuckDB ${peer.toFixed(0)} ms (${(peer / ours).toFixed(2)} times as long)` +
        (file === undefined ? '' : `; zstdgrep ${file.toFixed(0)} ms (${(file / ours).toFixed(2)} times as long)`),
    );
  }
  const { mb } = await burden(room.storePid());
  console.log(`the store's process held ${Math.round(mb)} MB at most`);
  duck.closeSync();
} finally {
  await room.close();
}
process.exit(0);
