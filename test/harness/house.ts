import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { buildHouse, gatekeeperOf, type House } from '../../src/app/rooms.ts';
import { readSettings } from '../../src/app/settings.ts';
import { eventMigrations } from '../../src/platform/events/log.ts';
import type { HttpIntake } from '../../src/platform/http/contract.ts';
import { idempotencyMigrations } from '../../src/platform/http/idempotency.ts';
import { createHttpServer, createIntakeServer } from '../../src/platform/http/server.ts';
import { jobMigrations } from '../../src/platform/jobs/queue.ts';
import { type Log, openLog } from '../../src/platform/observe/log.ts';
import type { Database } from '../../src/platform/postgres/database.ts';
import { migrate } from '../../src/platform/postgres/migrations.ts';
import { openLauncher } from '../../src/platform/process/launcher.ts';
import { testClickHouse } from './clickhouse.ts';
import { testDatabase } from './postgres.ts';

/** The house as it ships, on real stores, behind both of its listeners. Only the loop that readies the telemetry store runs. */
export interface TestHouse {
  house: House;
  database: Database;
  intakes: HttpIntake[];
  app: FastifyInstance;
  /** The listener that deployed services reach. */
  servicesOnly: FastifyInstance;
  close(): Promise<void>;
}

export async function startHouse(log: Log = openLog({ level: 'fatal' })): Promise<TestHouse> {
  const undo: (() => Promise<unknown>)[] = [];
  const dataDir = await mkdtemp(join(tmpdir(), 'millrace-house-'));
  undo.push(() => rm(dataDir, { recursive: true, force: true }));
  const { database, close } = await testDatabase([]);
  undo.push(close);
  const clickhouse = await testClickHouse();
  undo.push(() => clickhouse.close());
  const launcher = openLauncher({ log });
  undo.push(() => launcher.close());
  const house = await buildHouse({
    database,
    clickhouseUrl: clickhouse.url,
    launcher,
    log,
    settings: readSettings({ MILLRACE_DATA: dataDir, MILLRACE_RUNTIME: 'process' }),
    serverId: 'test',
    publicUrl: () => 'http://localhost:7400',
    intakePort: () => 7401,
    browserScript: join(dataDir, 'millrace.js'),
    onStop: (_, stop) => undo.push(stop),
  });
  await migrate(database, [
    ...eventMigrations,
    ...idempotencyMigrations,
    ...jobMigrations,
    ...house.rooms.flatMap((room) => room.migrations),
  ]);
  const intakes = [...house.rooms.flatMap((room) => room.intakes), ...house.intakes];
  const contracts = house.rooms.flatMap((room) => room.contracts);
  const gatekeeper = gatekeeperOf(house.identity);
  const app = await createHttpServer({ database, log, gatekeeper, contracts, intakes, version: '0.0.0' });
  const servicesOnly = await createIntakeServer({ log, intakes });
  undo.push(() => app.close());
  undo.push(() => servicesOnly.close());
  const stopping = new AbortController();
  const drain = house.rooms.flatMap((room) => room.loops).find((loop) => loop.name === 'telemetry.drain')!;
  const draining = drain.run(stopping.signal).catch(() => undefined);
  undo.push(async () => {
    stopping.abort();
    await draining;
  });
  return {
    house,
    database,
    intakes,
    app,
    servicesOnly,
    async close() {
      for (const step of undo.reverse()) await step();
    },
  };
}
