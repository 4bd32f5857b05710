import { createWriteStream } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { systemClock } from '../src/kernel/clock.ts';
import { openLog } from '../src/platform/observe/log.ts';
import { createTelemetry, type Telemetry } from '../src/telemetry/index.ts';
import { telemetryMigrations } from '../src/telemetry/migrations/index.ts';
import { testClickHouse } from '../test/harness/clickhouse.ts';
import { removeDirectory, temporaryDirectory } from '../test/harness/millrace.ts';
import { testDatabase } from '../test/harness/postgres.ts';

export const project = '0193b2a0-0000-7000-8000-000000000001';

/** The telemetry room on stores of its own, draining, in a directory that goes with it. */
export interface BenchTelemetry {
  telemetry: Telemetry;
  /** For files of the bench; removed at the end. */
  directory: string;
  /** Process of the store. */
  storePid(): number;
  /** One statement to ClickHouse over HTTP, as any client would; the answer goes into a file when one is named. */
  sql(statement: string, file?: string): Promise<string>;
  close(): Promise<void>;
}

export async function openBenchTelemetry(): Promise<BenchTelemetry> {
  const directory = await temporaryDirectory();
  const [clickhouse, postgres] = await Promise.all([testClickHouse(), testDatabase(telemetryMigrations)]);
  const telemetry = await createTelemetry({
    database: postgres.database,
    clickhouseUrl: clickhouse.url,
    dataDir: join(directory, 'millrace'),
    clock: systemClock,
    log: openLog({ level: 'silent' }),
    projects: { idOf: async () => project },
  });
  const ended = new AbortController();
  const draining = telemetry.room.loops[0]!.run(ended.signal);
  await telemetry.ready();
  return {
    telemetry,
    directory,
    storePid: () => clickhouse.pid,
    sql: (statement, file) => askClickHouse(clickhouse.url, statement, file),
    async close() {
      ended.abort();
      await draining;
      await telemetry.close();
      await clickhouse.close();
      await postgres.close();
      await removeDirectory(directory);
    },
  };
}

/** One statement to ClickHouse over HTTP; rejects with what the store says. The answer goes into a file when one is named. */
export function askClickHouse(url: string, statement: string, file?: string): Promise<string> {
  const { hostname, port, username, password } = new URL(url);
  const headers = { authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` };
  return new Promise((resolve, reject) => {
    const sent = request({ hostname, port, method: 'POST', path: '/', headers }, async (answer) => {
      try {
        if (file && answer.statusCode === 200) {
          await pipeline(answer, createWriteStream(file));
          return resolve('');
        }
        let text = '';
        for await (const piece of answer) text += piece;
        if (answer.statusCode !== 200) throw new Error(text);
        resolve(text);
      } catch (error) {
        reject(error as Error);
      }
    });
    sent.on('error', reject);
    sent.end(statement);
  });
}
