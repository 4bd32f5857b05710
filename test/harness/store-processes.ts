import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { endProcess, findProcessesIn } from '../../src/platform/process/orphans.ts';
import { eventually } from './millrace.ts';

/** A store that the program runs itself. */
export type OwnStore = 'postgres' | 'clickhouse';

/** PostgreSQL's first process, or ClickHouse's only one; undefined while it is being started again. */
async function storeProcess(dataDir: string, store: OwnStore): Promise<number | undefined> {
  if (store === 'clickhouse')
    return (await findProcessesIn(join(dataDir, 'clickhouse'), basename(process.execPath)))[0];
  const cluster = join(dataDir, 'postgres', 'data');
  const first = Number((await readFile(join(cluster, 'postmaster.pid'), 'utf8').catch(() => '')).split('\n')[0]);
  return (await findProcessesIn(cluster, 'postgres')).find((pid) => pid === first);
}

/** Signals a store of the program on this data directory, once it runs; resolves to its process. */
export async function signalStore(dataDir: string, store: OwnStore, signal: NodeJS.Signals): Promise<number> {
  const pid = await eventually(`${store} runs`, () => storeProcess(dataDir, store));
  endProcess(pid, signal);
  return pid;
}

/** kill -9 of a store; resolves when the program has started another. */
export async function killStore(dataDir: string, store: OwnStore): Promise<void> {
  const pid = await signalStore(dataDir, store, 'SIGKILL');
  await eventually(`${store} is started again`, async () => ((await storeProcess(dataDir, store)) ?? pid) !== pid);
}
