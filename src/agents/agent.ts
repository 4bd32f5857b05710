import { pause } from '../kernel/pause.ts';
import type { Log } from '../platform/observe/log.ts';
import type { Database } from '../platform/postgres/database.ts';
import { json, sql } from '../platform/postgres/sql.ts';
import type { Workload } from './port.ts';
import { type Claim, claim, leaseSeconds, readopt, release, renew, workChannel } from './queue.ts';

export interface AgentSettings {
  /** Lasting name of this server's agent; two servers never share one. */
  id: string;
  name: string;
  /** How many jobs run at once. */
  slots: number;
}

const heartbeatMs = (leaseSeconds * 1000) / 3;
/** How often it looks for work in case a wake-up was lost. */
const lookMs = 2000;

interface Held extends Claim {
  abort: AbortController;
  ended: Promise<void>;
}

/**
 * The agent inside a server: claims work as slots come free, keeps its leases alive, and takes back its own work when its
 * server starts again. Runs until `signal` aborts; work under way is then left for the next start.
 */
export async function runAgent(
  deps: { database: Database; log: Log; workload: () => Workload; hasRoom?: (() => boolean) | undefined },
  settings: AgentSettings,
  signal: AbortSignal,
): Promise<void> {
  const { database, log } = deps;
  const held = new Map<string, Held>();
  let wake: () => void = () => {};
  const take = (work: Claim): void => {
    const abort = new AbortController();
    const lease = { workId: work.id, epoch: work.epoch, agent: settings.name };
    const ended = deps
      .workload()
      .perform(lease, abort.signal)
      .catch(async (error: unknown) => {
        log.error({ err: error, jobId: work.id }, 'work failed unexpectedly; it is offered again');
        // A pause, so that work which always fails does not spin.
        await pause(1000, signal);
        await release(database, work.id, work.epoch).catch(() => {});
      })
      .finally(() => {
        if (held.get(work.id)?.epoch === work.epoch) held.delete(work.id);
        wake();
      });
    held.set(work.id, { ...work, abort, ended });
  };

  const beat = async (): Promise<void> => {
    const executors = await deps.workload().executors();
    await database.execute(sql`
      insert into agents_agents (id, name, slots, executors) values (${settings.id}, ${settings.name}, ${settings.slots},
        ${json(executors)})
      on conflict (id) do update set name = excluded.name, slots = excluded.slots, executors = excluded.executors,
        seen_at = clock_timestamp()`);
    const mine = [...held.values()];
    const still = new Set(await renew(database, settings.id, mine));
    for (const work of mine) {
      if (still.has(work.id) || held.get(work.id) !== work) continue;
      // Completed between the two statements, or given to another after a silence: either way it is not ours.
      work.abort.abort();
    }
  };

  const stopListening = await database.listen(workChannel, () => wake());
  const onAbort = (): void => wake();
  signal.addEventListener('abort', onAbort, { once: true });
  await beat();
  await database.execute(sql`update agents_agents set started_at = clock_timestamp() where id = ${settings.id}`);
  const beating = setInterval(() => {
    beat().catch((error: unknown) => log.warn({ err: error }, 'a heartbeat did not reach the store'));
  }, heartbeatMs);
  try {
    for (const work of await readopt(database, settings.id)) take(work);
    while (!signal.aborted) {
      const woken = new Promise<void>((resolve) => {
        wake = resolve;
      });
      const free = deps.hasRoom?.() === false ? 0 : settings.slots - held.size;
      const found = await claim(database, settings.id, free, [...held.keys()]);
      for (const work of found) take(work);
      if (found.length === 0) await pause(lookMs, signal, woken);
    }
  } finally {
    clearInterval(beating);
    signal.removeEventListener('abort', onAbort);
    stopListening();
    for (const work of held.values()) work.abort.abort();
    await Promise.all([...held.values()].map((work) => work.ended));
  }
}
