import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import snappy from 'snappyjs';
import { KnownSeries } from '../src/integrations/prometheus/known-series.ts';
import { writeRequest } from '../src/integrations/prometheus/messages.ts';
import { MetricTypes, readWriteRequest } from '../src/integrations/prometheus/series.ts';
import { unsnappy } from '../src/platform/http/snappy.ts';
import { CumulativeState } from '../src/platform/observe/cumulative.ts';
import { decodeMessage, encodeBytes, encodeNumber } from '../src/platform/protobuf/protobuf.ts';
import { freePort } from '../src/platform/sockets/free-port.ts';
import { burden, medianMs, random, sleep } from './measure.ts';
import { openBenchTelemetry, project } from './telemetry-room.ts';

/**
 * The same remote-write requests (1,000 series of a gauge with two decimals, a point every 15 s) to Millrace, VictoriaMetrics and
 * Prometheus, both from Debian: points a second and processor time, bytes on disk for a point once merged, and how long two
 * questions take (the median of five). Goal: 0.8 bytes a point or less, and ahead of both on query time. Millrace is asked in
 * NRQL through its own door and reads requests without HTTP around them; its bytes are those of points and of their sums of five minutes. `BENCH_ROWS` changes the number of points.
 */
const series = 1000;
const steps = Math.round(Number(process.env.BENCH_ROWS ?? 2_000_000) / series);
const stepMs = 15_000;
const endsAt = Math.floor(Date.now() / 300_000) * 300_000;
const startsAt = endsAt - steps * stepMs;
const stepsPerRequest = 10;

const labels = Array.from({ length: series }, (_, index) =>
  Buffer.concat(
    Object.entries({
      __name__: 'disk_used',
      device: `sd${index % 20}`,
      instance: `host-${Math.floor(index / 20)}:9100`,
      job: 'node',
    }).map(([name, value]) => encodeBytes(1, Buffer.concat([encodeBytes(1, name), encodeBytes(2, value)]))),
  ),
);
const levels = Array.from({ length: series }, () => 1000 + random(90_000));

/** The next request: each series moves by up to half a unit a step, or rests. */
function request(from: number): Buffer {
  const parts = labels.map((label, index) => {
    const samples: Buffer[] = [label];
    for (let step = from; step < Math.min(steps, from + stepsPerRequest); step += 1) {
      if (random(3) === 0) levels[index] = levels[index]! + random(101) - 50;
      const value = Buffer.alloc(9);
      value[0] = 9;
      value.writeDoubleLE(levels[index]! / 100, 1);
      samples.push(encodeBytes(2, Buffer.concat([value, encodeNumber(2, startsAt + step * stepMs)])));
    }
    return encodeBytes(1, Buffer.concat(samples));
  });
  return snappy.compress(Buffer.concat(parts));
}

const points = steps * series;
const bytesOf = (path: string): number => Number(execFileSync('du', ['-sb', path]).toString().split('\t')[0]) / points;

interface Peer {
  name: string;
  pid: number;
  send(body: Buffer): Promise<void>;
  /** Waits until all is there and lies as it will stay. */
  settle(): Promise<void>;
  bytes(): Promise<number>;
  /** Average of each device, over all hosts, in steps of five minutes. */
  byStep(): Promise<unknown>;
  /** One average for each device over everything. */
  whole(): Promise<unknown>;
}

const room = await openBenchTelemetry();
const { telemetry, directory, sql } = room;
const children: ChildProcess[] = [];
const started = (program: string, args: string[]): number => {
  const child = spawn(program, args, { cwd: directory, stdio: 'ignore' });
  children.push(child);
  return child.pid!;
};
async function ok(url: string, options: RequestInit = {}): Promise<string> {
  const answer = await fetch(url, options);
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${url}: ${answer.status} ${text.slice(0, 300)}`);
  return text;
}
async function answers(url: string): Promise<void> {
  for (let tries = 0; tries < 100; tries += 1) {
    if (
      await fetch(url).then(
        (answer) => answer.ok,
        () => false,
      )
    )
      return;
    await sleep(100);
  }
  throw new Error(`${url} does not answer`);
}

/** What both peers have in common: remote write, and PromQL over a range or at one moment. */
function promql(url: string) {
  const seconds = (ms: number): string => String(ms / 1000);
  const headers = { 'content-type': 'application/x-protobuf', 'content-encoding': 'snappy' };
  const span = `${Math.round((endsAt - startsAt) / 1000)}s`;
  return {
    async send(body: Buffer): Promise<void> {
      await ok(`${url}/api/v1/write`, { method: 'POST', headers, body });
    },
    byStep: () =>
      ok(
        `${url}/api/v1/query_range?${new URLSearchParams({
          query: 'avg by (device) (avg_over_time(disk_used[5m]))',
          start: seconds(startsAt + 300_000),
          end: seconds(endsAt),
          step: '300',
          nocache: '1',
        })}`,
      ),
    whole: () =>
      ok(
        `${url}/api/v1/query?${new URLSearchParams({
          query: `avg by (device) (avg_over_time(disk_used[${span}]))`,
          time: seconds(endsAt),
          nocache: '1',
        })}`,
      ),
  };
}

async function victoriaMetrics(): Promise<Peer> {
  const port = await freePort();
  const data = join(directory, 'victoria');
  const url = `http://127.0.0.1:${port}`;
  const pid = started('victoria-metrics', [
    `-storageDataPath=${data}`,
    `-httpListenAddr=127.0.0.1:${port}`,
    '-retentionPeriod=1y',
    '-search.maxPointsPerTimeseries=100000',
  ]);
  await answers(`${url}/health`);
  return {
    name: 'VictoriaMetrics',
    pid,
    ...promql(url),
    async settle() {
      await ok(`${url}/internal/force_flush`);
      await ok(`${url}/internal/force_merge`);
      await sleep(3000);
    },
    bytes: async () => bytesOf(join(data, 'data')),
  };
}

async function prometheus(): Promise<Peer> {
  const port = await freePort();
  const data = join(directory, 'prometheus');
  await mkdir(data);
  await writeFile(join(directory, 'prometheus.yml'), 'global: {}\n');
  const url = `http://127.0.0.1:${port}`;
  const pid = started('prometheus', [
    `--config.file=${join(directory, 'prometheus.yml')}`,
    `--storage.tsdb.path=${data}`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--web.enable-remote-write-receiver',
    '--web.enable-admin-api',
  ]);
  await answers(`${url}/-/ready`);
  return {
    name: 'Prometheus',
    pid,
    ...promql(url),
    settle: async () => undefined,
    // A snapshot holds the blocks as they are kept in the end, without the log in front of them.
    async bytes() {
      const text = await ok(`${url}/api/v1/admin/tsdb/snapshot`, { method: 'POST' });
      const { data: made } = JSON.parse(text) as { data: { name: string } };
      return bytesOf(join(data, 'snapshots', made.name));
    },
  };
}

function millrace(): Peer {
  const cumulative = new CumulativeState(0, 10_000);
  const types = new MetricTypes();
  const known = new KnownSeries();
  const range = `SINCE ${startsAt} UNTIL ${endsAt}`;
  const ask = async (nrql: string): Promise<unknown[][]> =>
    (await telemetry.query(`${nrql} ${range}`, { scope: { projectId: project } })).rows as unknown[][];
  return {
    name: 'Millrace',
    pid: room.storePid(),
    async send(body) {
      const message = decodeMessage(unsnappy(body, 64 * 1024 * 1024), writeRequest);
      const changes = cumulative.begin();
      const { records } = readWriteRequest(message, { projectId: project, types, changes, known });
      await changes.keepIf(() => telemetry.write(records));
    },
    async settle() {
      while ((await ask('SELECT count(*) FROM Metric'))[0]![0] !== points) await sleep(100);
      for (const table of ['telemetry_samples', 'telemetry_rollups']) await sql(`OPTIMIZE TABLE ${table} FINAL`);
    },
    bytes: async () =>
      Number(
        await sql(
          `SELECT sum(bytes_on_disk) FROM system.parts WHERE active AND table IN ('telemetry_samples', 'telemetry_rollups')`,
        ),
      ) / points,
    byStep: () => ask('SELECT average(disk_used) FROM Metric FACET device LIMIT 20 TIMESERIES 5 minutes'),
    whole: () => ask('SELECT average(disk_used) FROM Metric FACET device LIMIT 20'),
  };
}

try {
  const bodies: Buffer[] = [];
  for (let step = 0; step < steps; step += stepsPerRequest) bodies.push(request(step));
  for (const make of [async () => millrace(), victoriaMetrics, prometheus]) {
    const peer = await make();
    const before = (await burden(peer.pid)).seconds;
    const own = process.cpuUsage();
    const begun = performance.now();
    for (const body of bodies) await peer.send(body);
    const accepted = points / ((performance.now() - begun) / 1000);
    await peer.settle();
    const used = process.cpuUsage(own);
    const seconds =
      (await burden(peer.pid)).seconds - before + (peer.name === 'Millrace' ? (used.user + used.system) / 1e6 : 0);
    const bytes = await peer.bytes();
    const byStep = await medianMs(peer.byStep);
    const whole = await medianMs(peer.whole);
    console.log(
      `${peer.name}: ${points} points at ${Math.round(accepted)}/s, ${((1e6 * seconds) / points).toFixed(2)} s of processor a million; ` +
        `${bytes.toFixed(2)} bytes a point; by device and 5 minutes ${byStep.toFixed(0)} ms, by device ${whole.toFixed(0)} ms; ` +
        `${Math.round((await burden(peer.pid)).mb)} MB at most`,
    );
  }
} finally {
  for (const child of children) child.kill('SIGKILL');
  await room.close();
}
process.exit(0);
