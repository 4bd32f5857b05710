import { join } from 'node:path';
import { startClickHouse } from '../platform/clickhouse/embedded.ts';
import type { Log } from '../platform/observe/log.ts';
import { startPostgres } from '../platform/postgres/embedded.ts';
import type { Progress } from './progress.ts';
import type { Settings } from './settings.ts';

export interface Stores {
  databaseUrl: string;
  clickhouseUrl: string;
  /** Which of them are our own children, for `doctor` and the health page. */
  embedded: { postgres: boolean; clickhouse: boolean };
  stop(): Promise<void>;
}

/** Starts the embedded engines, side by side, or takes the addresses of the team's own. */
export async function startStores(settings: Settings, log: Log, progress: Progress): Promise<Stores> {
  const [postgres, clickhouse] = await Promise.allSettled([
    settings.databaseUrl
      ? undefined
      : progress.step('PostgreSQL', () =>
          startPostgres({ dataDir: join(settings.dataDir, 'postgres'), log: log.child({ room: 'postgres' }) }),
        ),
    settings.clickhouseUrl
      ? undefined
      : progress.step('ClickHouse', () =>
          startClickHouse({ dataDir: join(settings.dataDir, 'clickhouse'), log: log.child({ room: 'clickhouse' }) }),
        ),
  ]);
  const stop = async (): Promise<void> => {
    await Promise.all([
      clickhouse.status === 'fulfilled' ? clickhouse.value?.stop() : undefined,
      postgres.status === 'fulfilled' ? postgres.value?.stop() : undefined,
    ]);
  };
  for (const started of [postgres, clickhouse]) {
    if (started.status === 'rejected') {
      await stop();
      throw started.reason;
    }
  }
  const ownPostgres = postgres.status === 'fulfilled' ? postgres.value : undefined;
  const ownClickhouse = clickhouse.status === 'fulfilled' ? clickhouse.value : undefined;
  return {
    databaseUrl: settings.databaseUrl ?? ownPostgres!.url,
    clickhouseUrl: settings.clickhouseUrl ?? ownClickhouse!.url,
    embedded: { postgres: ownPostgres !== undefined, clickhouse: ownClickhouse !== undefined },
    stop,
  };
}
