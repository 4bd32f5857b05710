import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { newId } from '../../src/kernel/ids.ts';
import { eventMigrations } from '../../src/platform/events/log.ts';
import { openLog } from '../../src/platform/observe/log.ts';
import { type Database, openDatabase } from '../../src/platform/postgres/database.ts';
import { type RunningPostgres, startPostgres } from '../../src/platform/postgres/embedded.ts';
import { type Migration, migrate } from '../../src/platform/postgres/migrations.ts';

/** Set by the global set-up for all workers of one run. */
export const sharedPostgresVariable = 'MILLRACE_TEST_POSTGRES';

/** Starts one PostgreSQL in a temporary directory; the engine's copy is shared by all runs on the machine. */
export async function startTemporaryPostgres(): Promise<{ url: string; readonly pid: number; close(): Promise<void> }> {
  const engineDir = join(tmpdir(), 'millrace-test-engine');
  await mkdir(engineDir, { recursive: true, mode: 0o755 });
  const dataDir = await mkdtemp(join(tmpdir(), 'millrace-test-pg-'));
  await chmod(dataDir, 0o755);
  const running: RunningPostgres = await startPostgres({ dataDir, engineDir, log: openLog({ level: 'silent' }) });
  return {
    url: running.url,
    get pid() {
      return running.pid;
    },
    async close() {
      await running.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

let own: ReturnType<typeof startTemporaryPostgres> | undefined;

/** URL of the run's PostgreSQL; outside a run with global set-up, one is started for this process (and ends with it). */
async function postgresUrl(): Promise<string> {
  const shared = process.env[sharedPostgresVariable];
  if (shared) return shared;
  own ??= startTemporaryPostgres();
  return (await own).url;
}

export interface TestDatabase {
  database: Database;
  /** For a second connection, as another server would have. */
  url: string;
  close(): Promise<void>;
}

/** A fresh database on a real PostgreSQL, with the event log and the given rooms' schema. */
export async function testDatabase(migrations: readonly Migration[] = []): Promise<TestDatabase> {
  const adminUrl = await postgresUrl();
  const name = `test_${newId().replaceAll('-', '')}`;
  await administer(adminUrl, `create database ${name}`);
  const url = new URL(adminUrl.replace('@/', '@localhost/'));
  url.pathname = `/${name}`;
  const own = url.toString().replace('@localhost/', '@/');
  const database = openDatabase(own);
  await migrate(database, [...eventMigrations, ...migrations.filter((one) => !eventMigrations.includes(one))]);
  return {
    database,
    url: own,
    async close() {
      await database.close();
      await administer(adminUrl, `drop database if exists ${name} with (force)`);
    },
  };
}

async function administer(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
