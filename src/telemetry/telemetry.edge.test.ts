import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type TestClickHouse, testClickHouse } from '../../test/harness/clickhouse.ts';
import { type TestDatabase, testDatabase } from '../../test/harness/postgres.ts';
import { systemClock } from '../kernel/clock.ts';
import { openLog } from '../platform/observe/log.ts';
import type { TelemetryRecord } from '../platform/observe/telemetry-sink.ts';
import { createTelemetry, type Telemetry } from './index.ts';
import { telemetryMigrations } from './migrations/index.ts';

const log = openLog({ level: 'silent' });
const project = '0193b2a0-0000-7000-8000-000000000001';
const other = '0193b2a0-0000-7000-8000-000000000002';

let clickhouse: TestClickHouse;
let postgres: TestDatabase;
let dataDir: string;

/** The room as one process of the program has it. `stop` leaves what is in the spool. */
async function open(): Promise<{ telemetry: Telemetry; drain: () => void; stop: () => Promise<void> }> {
  const telemetry = await createTelemetry({
    database: postgres.database,
    clickhouseUrl: clickhouse.url,
    dataDir,
    clock: systemClock,
    log,
    projects: { idOf: async (name) => (name === 'shop' ? project : undefined) },
  });
  const ended = new AbortController();
  let running: Promise<void> | undefined;
  return {
    telemetry,
    drain: () => {
      running = telemetry.room.loops[0]!.run(ended.signal);
    },
    stop: async () => {
      ended.abort();
      await running;
      await telemetry.close();
    },
  };
}

async function count(telemetry: Telemetry, nrql: string, projectId: string | null = project): Promise<number> {
  const answer = await telemetry.query(nrql, { scope: { projectId } });
  return Number(answer.rows[0]?.[0] ?? 0);
}

async function eventually(check: () => Promise<void>, withinMs = 20_000): Promise<void> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    try {
      await check();
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 150));
    }
  }
}

/** It may be on its way back from the kill before. */
function killStore(): void {
  try {
    process.kill(clickhouse.pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

const line = (message: string, extra: TelemetryRecord['attributes'] = {}, projectId = project): TelemetryRecord => ({
  type: 'Log',
  timestamp: Date.now(),
  projectId,
  attributes: { message, level: 'info', service: 'shop', ...extra },
});

beforeAll(async () => {
  [clickhouse, postgres, dataDir] = await Promise.all([
    testClickHouse(),
    testDatabase(telemetryMigrations),
    mkdtemp(join(tmpdir(), 'millrace-telemetry-')),
  ]);
});

afterAll(async () => {
  await clickhouse?.close();
  await postgres?.close();
  await rm(dataDir, { recursive: true, force: true });
});

describe('telemetry', () => {
  it('keeps what was accepted before a crash and stores it once', async () => {
    const first = await open();
    // Not drained: as if the process had died right after its senders were answered.
    await first.telemetry.write(
      Array.from({ length: 3000 }, (_, index) => line(`line ${index}`, { service: 'crash' })),
    );
    await first.stop();
    const second = await open();
    second.drain();
    await eventually(async () =>
      expect(await count(second.telemetry, "SELECT count(*) FROM Log WHERE service = 'crash'")).toBe(3000),
    );
    await second.stop();
  });

  it('takes what was written under a key once, in one batch and in another, over a restart too', async () => {
    const outbox = (n: number) => [line(`one of ${n}`, { service: 'outbox' }), line('two', { service: 'outbox' })];
    const first = await open();
    await first.telemetry.write(outbox(1), { once: 'outbox 1' });
    await first.telemetry.write(outbox(1), { once: 'outbox 1' });
    await first.telemetry.write([line('without', { service: 'outbox' })]);
    await first.stop();
    const second = await open();
    await second.telemetry.write(outbox(1), { once: 'outbox 1' });
    await second.telemetry.write(outbox(2), { once: 'outbox 2' });
    second.drain();
    const count2 = () => count(second.telemetry, "SELECT count(*) FROM Log WHERE service = 'outbox'");
    await eventually(async () => expect(await count2()).toBe(5));
    // More than one frame.
    const many = Array.from({ length: 4500 }, (_, index) => line(`line ${index}`, { service: 'outbox' }));
    await second.telemetry.write(many, { once: 'outbox 3' });
    await eventually(async () => expect(await count2()).toBe(4505));
    await second.telemetry.write(many, { once: 'outbox 3' });
    await second.telemetry.write([line('last', { service: 'outbox' })], { once: 'outbox 4' });
    await eventually(async () => expect(await count2()).toBeGreaterThan(4505));
    expect(await count2()).toBe(4506);
    await second.stop();
  });

  it('loses and doubles nothing when the store is killed in the middle of ingest', async () => {
    const { telemetry, drain, stop } = await open();
    drain();
    await telemetry.ready();
    let accepted = 0;
    for (let round = 0; round < 30; round += 1) {
      await telemetry.write(
        Array.from({ length: 1000 }, (_, index) =>
          line(`round ${round} line ${index}`, { service: 'killed', n: round * 1000 + index }),
        ),
      );
      accepted += 1000;
      if (round === 8 || round === 18) killStore();
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    await eventually(async () => {
      expect(await count(telemetry, "SELECT count(*) FROM Log WHERE service = 'killed'")).toBe(accepted);
    }, 60_000);
    expect(await count(telemetry, "SELECT uniqueCount(n) FROM Log WHERE service = 'killed'")).toBeGreaterThan(
      accepted * 0.98,
    );
    await stop();
  });

  it('shows each project its own records only', async () => {
    const { telemetry, drain, stop } = await open();
    drain();
    await telemetry.write([line('mine', { service: 'tenant' }), line('theirs', { service: 'tenant' }, other)]);
    await eventually(async () =>
      expect(await count(telemetry, "SELECT count(*) FROM Log WHERE service = 'tenant'", null)).toBe(2),
    );
    expect(await count(telemetry, "SELECT count(*) FROM Log WHERE service = 'tenant' OR 1 = 1", other)).toBe(1);
    const rows = await telemetry.query("SELECT message FROM Log WHERE service = 'tenant'", {
      scope: { projectId: project },
    });
    expect(rows.rows).toEqual([['mine']]);
    await stop();
  });

  it('answers gates for one release in one environment, and says so when nothing is known', async () => {
    const { telemetry, drain, stop } = await open();
    drain();
    const at = { projectId: project, environment: 'production', release: 'r7-abc1234', since: Date.now() - 60_000 };
    const gate = 'SELECT percentage(count(*), WHERE error IS true) FROM Transaction < 10';
    await telemetry.ready();
    expect(await telemetry.verify(gate, at)).toMatchObject({ verdict: 'unknown', value: null });
    expect(await telemetry.verify('SELECT count(*) FROM ErrorEvent = 0', at)).toMatchObject({
      verdict: 'unknown',
      value: 0,
    });
    const transaction = (release: string, error: boolean): TelemetryRecord => ({
      type: 'Transaction',
      timestamp: Date.now(),
      projectId: project,
      attributes: { name: 'GET /', duration: 0.1, error, release, environment: 'production' },
    });
    await telemetry.write([
      ...Array.from({ length: 19 }, () => transaction('r7-abc1234', false)),
      transaction('r7-abc1234', true),
      ...Array.from({ length: 20 }, () => transaction('r6-0000000', true)),
    ]);
    await eventually(async () =>
      expect(await telemetry.verify(gate, at)).toMatchObject({ verdict: 'holds', value: 5 }),
    );
    expect(await telemetry.verify(gate, { ...at, release: 'r6-0000000' })).toMatchObject({
      verdict: 'fails',
      value: 100,
    });
    expect(
      await telemetry.verify('SELECT count(*) FROM ErrorEvent WHERE firstSeenInRelease IS true = 0', at),
    ).toMatchObject({
      verdict: 'holds',
      value: 0,
    });
    await expect(telemetry.verify('SELECT count(*) FROM Transaction', at)).rejects.toThrow(/compares with nothing/);
    await stop();
  });
});
