import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../kernel/clock.ts';
import { system } from '../kernel/events.ts';
import { pause } from '../kernel/pause.ts';
import { appendEvent } from '../platform/events/log.ts';
import type { Log } from '../platform/observe/log.ts';
import type { Database } from '../platform/postgres/database.ts';
import type { Loop } from '../platform/room.ts';
import type { Spool } from '../platform/spool/spool.ts';
import type { SeenCatalogue } from './catalogue.ts';
import { telemetryEvents } from './events.ts';
import { firstFrames, forgetKeys } from './once.ts';
import type { Store } from './store.ts';

/** How the store is doing, for the accounting page. */
export interface StoreHealth {
  ready: boolean;
  error: string | null;
  failingSince: number | null;
}

/** Times a batch that the store answers with a refusal (not silence) is tried before it is set aside. */
const maxRefusals = 6;
/** Failing for so long is a fact worth an event. */
const tellAfterMs = 30_000;

/**
 * Moves what is durable in the spool into the store, batch by batch. Silence of the store is waited out; a batch that it refuses for good is set
 * aside as a file, so that it blocks nobody and can be looked at.
 */
export function drainLoop(deps: {
  spool: Spool;
  store: Store;
  catalogue: SeenCatalogue;
  health: StoreHealth;
  database: Database;
  clock: Clock;
  log: Log;
  dataDir: string;
  onReady: () => void;
}): Loop {
  const { spool, store, catalogue, health, database, clock, log } = deps;
  let told = false;

  async function failed(error: unknown): Promise<void> {
    health.error = error instanceof Error ? error.message : String(error);
    health.failingSince ??= clock.now();
    if (told || clock.now() - health.failingSince < tellAfterMs) return;
    told = true;
    const data = { error: health.error.slice(0, 500), spoolBytes: spool.stats().bytes };
    await append('store.unreachable', data);
  }

  async function worked(): Promise<void> {
    const since = health.failingSince;
    health.error = null;
    health.failingSince = null;
    if (!told || since === null) return;
    told = false;
    await append('store.recovered', { downMs: Math.round(clock.now() - since) });
  }

  async function append(name: 'store.unreachable' | 'store.recovered', data: never | object): Promise<void> {
    await database
      .transaction((tx) =>
        appendEvent(tx, telemetryEvents, name, {
          subject: 'store:telemetry',
          projectId: null,
          actor: system('telemetry'),
          data: data as never,
        }),
      )
      .catch((error: unknown) => log.warn({ err: error }, 'a fact about the telemetry store could not be written'));
  }

  async function prepare(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await store.migrate();
        catalogue.learn(await store.attributes());
        health.ready = true;
        deps.onReady();
        await worked();
        return;
      } catch (error) {
        log.warn({ err: error }, 'the telemetry store is not ready; trying again');
        await failed(error);
        await sleep(1000, undefined, { signal }).catch(() => {});
      }
    }
  }

  let refused = { token: '', times: 0 };
  async function consume(all: Buffer[], token: string): Promise<void> {
    const frames = await firstFrames(database, all, token);
    try {
      const { news } = await store.insert(frames, token);
      catalogue.learn(news);
      await worked();
    } catch (error) {
      await failed(error);
      refused = refused.token === token ? refused : { token, times: 0 };
      if (isRefusal(error)) refused.times += 1;
      if (refused.times < maxRefusals) throw error;
      const folder = join(deps.dataDir, 'set-aside');
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await writeFile(join(folder, `${token}.frames`), Buffer.concat(frames), { mode: 0o600 });
      log.error({ err: error, token, folder }, 'the telemetry store refuses a batch for good; it is set aside');
    }
  }

  return {
    name: 'telemetry.drain',
    async run(signal) {
      await prepare(signal);
      if (!signal.aborted) await spool.drain(consume, { signal, batchMs: 500 });
    },
  };
}

/** Forgets the keys of what was written once, long after. */
export function forgetLoop(database: Database): Loop {
  return {
    name: 'telemetry.forget',
    async run(signal) {
      while (!signal.aborted) {
        // Not at once: who was killed writes again first.
        await pause(3_600_000, signal);
        if (!signal.aborted) await forgetKeys(database);
      }
    },
  };
}

/** Codes that pass by themselves: timeouts, memory, too many parts or queries, no disk space, network. */
const passing = new Set(['159', '160', '202', '209', '210', '241', '243', '252', '319', '439', '999']);

/** Whether the store looked at the batch and said no, rather than being away or overloaded. */
function isRefusal(error: unknown): boolean {
  const code = (error as { code?: string } | undefined)?.code;
  if (code === undefined) return error instanceof Error && error.message.includes('damaged');
  return /^\d+$/.test(code) && !passing.has(code);
}
