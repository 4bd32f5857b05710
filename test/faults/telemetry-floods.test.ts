import { setTimeout as sleep } from 'node:timers/promises';
import snappy from 'snappyjs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Client } from '../../src/client/index.ts';
import { encodeBytes, encodeNumber } from '../../src/platform/protobuf/protobuf.ts';
import { checkLines } from '../harness/loop-checks.ts';
import { eventually, type RunningMillrace, removeDirectory, startMillrace } from '../harness/millrace.ts';
import { openSeed } from '../harness/seed.ts';
import { killStore, signalStore } from '../harness/store-processes.ts';
import { type Lane, laneOf, sendLines } from '../harness/traffic.ts';

/**
 * What senders of telemetry do to a server at their worst, and what its store does: bytes that are no message, labels without end, a flood
 * while the store hangs, dies and takes the server with it. What was acknowledged is there once, in points and in their sums;
 * other projects are served; the server answers nothing but what its documentation names.
 */
const pointsARequest = 200;
const floods = 3;
const storeKills = 4;
/** Growth that shows that somebody is served. */
const some = 15;
const { text: seed, random } = openSeed();
const environment = { MILLRACE_RUNTIME: 'process', MILLRACE_QUOTA: '200000' };

let millrace: RunningMillrace;
let client: Client;
const projects: Record<'calm' | 'flood' | 'noise', { id: string; dsn: string }> = {} as never;

beforeAll(async () => {
  console.log(`seed ${seed} (MILLRACE_TEST_SEED repeats it)`);
  millrace = await startMillrace({ env: environment });
  ({ client } = await millrace.owner());
  for (const slug of ['calm', 'flood', 'noise'] as const)
    projects[slug] = await client.projects.create({ body: { slug, name: slug } });
});
afterAll(async () => {
  await millrace?.stop();
  if (millrace) await removeDirectory(millrace.dataDir);
});

/** Status of the answer, or undefined when the server was away. */
async function send(project: keyof typeof projects, path: string, body: Buffer): Promise<number | undefined> {
  const { host, username } = new URL(projects[project].dsn);
  const headers: Record<string, string> = {
    authorization: `Bearer ${username}`,
    'content-type': 'application/x-protobuf',
    ...(path.startsWith('/prometheus') ? { 'content-encoding': 'snappy' } : {}),
  };
  try {
    const response = await fetch(`http://${host}${path}`, {
      method: 'POST',
      headers,
      body,
      signal: AbortSignal.timeout(60_000),
    });
    await response.arrayBuffer();
    return response.status;
  } catch {
    return undefined;
  }
}

/** A remote-write request of gauges at this moment: a series for each point, so many from `from` on, its value its number. */
function points(metric: string, label: string, from: number, count: number): Buffer {
  const now = Date.now();
  const pair = (name: string, text: string) =>
    encodeBytes(1, Buffer.concat([encodeBytes(1, name), encodeBytes(2, text)]));
  const series = Array.from({ length: count }, (_, index) => {
    const value = Buffer.alloc(9);
    value[0] = 9;
    value.writeDoubleLE(from + index, 1);
    const of = label === 'lane' ? index : from + index;
    return encodeBytes(
      1,
      Buffer.concat([
        pair('__name__', metric),
        pair(label, String(of)),
        encodeBytes(2, Buffer.concat([value, encodeNumber(2, now)])),
      ]),
    );
  });
  return snappy.compress(Buffer.concat(series));
}

const write = '/prometheus/v1/write';
const sql = async (text: string): Promise<unknown[][]> => (await client.telemetry.sql({ body: { sql: text } })).rows;

it('answers bytes that are no message with a plain refusal', async () => {
  const paths = ['/v1/logs', '/v1/traces', '/v1/metrics', write];
  const whole = points('noise', 'label', 0, 20);
  const seen = new Set<number | undefined>();
  let next = 0;
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      while (next < 400) {
        const at = next++;
        // Of the one half every byte is chance; of the other a few in a message that was whole.
        const body = at % 2 === 0 ? Buffer.alloc(Math.floor(random(at) * 300) + 1) : Buffer.from(whole);
        const changes = at % 2 === 0 ? body.length : 4;
        for (let change = 0; change < changes; change += 1)
          body[Math.floor(random(at * 1000 + change) * body.length)] = Math.floor(
            random(at * 1000 + change + 500) * 256,
          );
        seen.add(await send('noise', paths[Math.floor(at / 2) % paths.length]!, body));
      }
    }),
  );
  expect([200, 204, 400, 413]).toEqual(expect.arrayContaining([...seen]));
  expect(seen).toContain(400);
});

it('takes a metric whose label never repeats up to its bound, names it, and takes others of the project', async () => {
  const refusals = async (): Promise<string[]> => {
    const { sources } = await client.telemetry.ingest();
    const own = sources.filter(({ projectId }) => projectId === projects.noise.id);
    return own.flatMap(({ reasons }) => Object.keys(reasons)).filter((reason) => reason.includes('metric endless'));
  };
  // The bound is that of an hour, and one may end under way.
  for (let from = 0; (await refusals()).length === 0; from += 2000) {
    expect(from).toBeLessThan(45_000);
    expect([204, 429]).toContain(await send('noise', write, points('endless', 'request', from, 2000)));
  }
  expect(await refusals()).toEqual([
    expect.stringMatching(/20000 an hour.*its label request has 1000 values and more/),
  ]);
  expect(await send('noise', write, points('modest', 'request', 0, 10))).toBe(204);
  await eventually('the modest metric is there', async () => {
    const [[count]] = (await sql(`SELECT count() FROM telemetry_samples WHERE metricName = 'modest'`)) as [[number]];
    return count === 10;
  });
});

it('keeps what it acknowledged, once, while its store hangs, dies and the server with it, and serves the others', async () => {
  const statuses: Record<string, number> = {};
  let sent = 0;
  const flood = (): Lane<number> =>
    laneOf(0, async () => {
      const batch = sent++;
      const status = await send('flood', write, points('flood', 'lane', batch * pointsARequest, pointsARequest));
      statuses[String(status)] = (statuses[String(status)] ?? 0) + 1;
      if (status !== 204) await sleep(20);
      return status === 204 ? batch : undefined;
    });
  const flooding = Array.from({ length: floods }, flood);
  const calm = sendLines(projects.calm.dsn);
  const served = async (when: string): Promise<void> => {
    const before = [calm.done.length, sent];
    await eventually(`the calm one is served ${when}`, async () => calm.done.length >= before[0]! + some, 120_000);
    await eventually(`the flood is answered ${when}`, async () => sent >= before[1]! + some, 120_000);
  };

  await served('at first');
  await signalStore(millrace.dataDir, 'clickhouse', 'SIGSTOP');
  try {
    await served('while the store hangs');
    await sleep(3000);
    await served('while the store still hangs');
  } finally {
    await signalStore(millrace.dataDir, 'clickhouse', 'SIGCONT');
  }
  for (let kill = 0; kill < storeKills; kill += 1) {
    await sleep(200 + random(kill) * 1000);
    await killStore(millrace.dataDir, 'clickhouse');
  }
  await served('after the store was killed');
  expect(Object.keys(statuses).filter((status) => !['204', '429', '503'].includes(status))).toEqual([]);
  expect(millrace.child.exitCode).toBeNull();
  await signalStore(millrace.dataDir, 'clickhouse', 'SIGKILL');
  await millrace.kill();
  const ports = { port: Number(new URL(millrace.url).port), gatewayPort: Number(new URL(millrace.gatewayUrl).port) };
  millrace = await startMillrace({ dataDir: millrace.dataDir, env: environment, ...ports });
  await served('after the server was killed');
  await Promise.all([calm, ...flooding].map((lane) => lane.stop()));

  await eventually('the spool is empty', async () => (await client.telemetry.ingest()).spool.bytes === 0, 300_000);
  await checkLines(client, projects.calm.id, calm.done);
  const acknowledged = new Set(flooding.flatMap((lane) => lane.done));
  const kept = (await sql(
    `SELECT intDiv(toInt64(latest), ${pointsARequest}) AS batch, count(), uniqExact(latest) FROM telemetry_samples
      WHERE metricName = 'flood' GROUP BY batch`,
  )) as [number, number, number][];
  expect(kept.filter(([, stored, different]) => stored !== pointsARequest || different !== pointsARequest)).toEqual([]);
  const there = new Set(kept.map(([batch]) => batch));
  expect([...acknowledged].filter((batch) => !there.has(batch))).toEqual([]);
  // Some that the kill of the server left without an answer may be there too.
  expect(there.size - acknowledged.size).toBeLessThanOrEqual(statuses.undefined ?? 0);
  const [stored] = await sql(
    `SELECT count(), sum(latest), max(latest), min(latest) FROM telemetry_samples WHERE metricName = 'flood'`,
  );
  const [sums] = await sql(
    `SELECT sum(points), sum(totalN) / 100, max(maxN) / 100, min(minN) / 100 FROM telemetry_rollups WHERE metricName = 'flood'`,
  );
  expect(sums).toEqual(stored);
  console.log(
    `${kept.length} requests of ${pointsARequest} points kept of ${sent}, by answer ${JSON.stringify(statuses)}; ` +
      `${calm.done.length} lines of the calm project`,
  );
});
