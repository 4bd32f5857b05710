import { openStore, type Store } from '../../src/telemetry/store.ts';
import { testClickHouse } from './clickhouse.ts';

export interface TestStore {
  store: Store;
  /** Of its ClickHouse, for statements of one's own. */
  url: string;
  close(): Promise<void>;
}

/** An empty store of telemetry with its schema, on a ClickHouse of its own. */
export async function testStore(): Promise<TestStore> {
  const clickhouse = await testClickHouse();
  const store = openStore(clickhouse.url);
  await store.migrate();
  return {
    store,
    url: clickhouse.url,
    async close() {
      await store.close();
      await clickhouse.close();
    },
  };
}
