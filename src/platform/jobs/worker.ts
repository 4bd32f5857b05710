import { setTimeout as sleep } from 'node:timers/promises';
import { Fault } from '../../kernel/faults.ts';
import { pause } from '../../kernel/pause.ts';
import type { Log } from '../observe/log.ts';
import type { Database, Transaction } from '../postgres/database.ts';
import type { Loop } from '../room.ts';
import { bury, claim, extend, finish, type Job, jobsChannel, nextDue, prune, putBack } from './queue.ts';

export interface JobContext {
  /** Aborts when the server stops or the job is lost to another; the handler should then reject soon. */
  signal: AbortSignal;
  epoch: number;
  /** Proves that the job is still ours and starts the lease anew (a heartbeat does so by itself). Rejects when it is lost. */
  extend(): Promise<void>;
  /** Marks the job done in the caller's transaction, so that its effect and its end commit together. Rejects when it is lost. */
  finish(tx: Transaction): Promise<void>;
}

export interface WorkerOptions<Payload> {
  database: Database;
  log: Log;
  kind: string;
  /** This server; see `releaseOwned`. */
  owner: string;
  concurrency?: number | undefined;
  /** A job of a server that died is taken over after this long. Default 30 s. */
  leaseMs?: number | undefined;
  /** Default 10. */
  maxAttempts?: number | undefined;
  /** Milliseconds before attempt n + 1. Default 1 s, doubling, at most 5 min. */
  backoffMs?: ((attempts: number) => number) | undefined;
  /** Does the work. May run again after a crash, so its effects must be idempotent or committed with `finish`. */
  handle(job: Job<Payload>, context: JobContext): Promise<void>;
  /** Called once when a job is given up. */
  onDead?: ((job: Job<Payload>, error: string) => Promise<void>) | undefined;
}

/** Thrown by a handler when trying again cannot help: the job is given up at once. */
export class GiveUp extends Error {
  override readonly name = 'GiveUp';
}

const defaultBackoff = (attempts: number): number => Math.min(300_000, 1000 * 2 ** (attempts - 1));
const lookAgainMs = 5000;

/** A loop that does the jobs of one kind, several at once. Any number of servers may run it: a job is with one at a time. */
export function createWorker<Payload>(options: WorkerOptions<Payload>): Loop {
  const { database, log, kind, owner } = options;
  const concurrency = options.concurrency ?? 2;
  const leaseMs = options.leaseMs ?? 30_000;
  const maxAttempts = options.maxAttempts ?? 10;
  const backoffMs = options.backoffMs ?? defaultBackoff;
  const lease = { owner, leaseMs };

  async function perform(job: Job<Payload>, stopping: AbortSignal): Promise<void> {
    const abort = new AbortController();
    const onStop = (): void => abort.abort(stopping.reason);
    stopping.addEventListener('abort', onStop, { once: true });
    if (stopping.aborted) onStop();
    let lost = false;
    const loseIt = (why: string): Error => {
      const error = new Error(`the job was lost: ${why}`);
      lost = true;
      abort.abort(error);
      return error;
    };
    let leaseEnds = performance.now() + leaseMs;
    const renew = async (): Promise<void> => {
      const asked = performance.now();
      if (!(await extend(database, job, lease))) throw loseIt('another server holds it');
      leaseEnds = asked + leaseMs;
    };
    // When the store is away for longer than the lease, another server may have the job: we must stop before that.
    const heartbeat = setInterval(() => {
      if (performance.now() > leaseEnds) loseIt('its lease ran out');
      else renew().catch((error) => log.warn({ err: error, job: job.id, kind }, 'a lease could not be renewed'));
    }, leaseMs / 3);
    try {
      if (job.attempts > maxAttempts) throw new GiveUp(`it did not come back from ${maxAttempts} attempts`);
      await options.handle(job, {
        signal: abort.signal,
        epoch: job.epoch,
        extend: renew,
        finish: async (tx) => {
          if (!(await finish(tx, job))) throw loseIt('another server holds it');
        },
      });
      await persist(() => finish(database, job), leaseMs);
    } catch (error) {
      if (lost) {
        log.warn({ job: job.id, kind, epoch: job.epoch }, 'a job was lost to another server');
        return;
      }
      await settle(job, error, stopping);
    } finally {
      clearInterval(heartbeat);
      stopping.removeEventListener('abort', onStop);
    }
  }

  async function settle(job: Job<Payload>, error: unknown, stopping: AbortSignal): Promise<void> {
    const message = error instanceof Error ? error.message : String(error);
    if (stopping.aborted) {
      await persist(() => putBack(database, job, 0, null, true), 1000);
    } else if (error instanceof GiveUp || job.attempts >= maxAttempts) {
      log.error({ err: error, job: job.id, kind, attempts: job.attempts }, 'a job was given up');
      if ((await persist(() => bury(database, job, message), leaseMs)) > 0) await options.onDead?.(job, message);
    } else {
      const wanted = error instanceof Fault && error.retryAfter !== undefined ? error.retryAfter * 1000 : undefined;
      const delay = wanted ?? backoffMs(job.attempts);
      log.warn(
        { err: error, job: job.id, kind, attempts: job.attempts, delay },
        'a job failed; it will be tried again',
      );
      await persist(() => putBack(database, job, delay, message, false), leaseMs);
    }
  }

  return {
    name: `jobs ${kind}`,
    async run(signal) {
      let wake: () => void = () => {};
      const stopListening = await database.listen(jobsChannel, (payload) => {
        if (payload === kind || payload === '') wake();
      });
      const running = new Set<Promise<void>>();
      let prunedAt = 0;
      try {
        while (!signal.aborted) {
          const woken = new Promise<void>((resolve) => {
            wake = resolve;
          });
          const jobs = await claim<Payload>(database, kind, concurrency - running.size, lease);
          for (const job of jobs) {
            const work = perform(job, signal)
              .catch((error) =>
                log.error({ err: error, job: job.id, kind }, 'a job could not be settled; its lease will run out'),
              )
              .finally(() => {
                running.delete(work);
                wake();
              });
            running.add(work);
          }
          if (Date.now() - prunedAt > 3_600_000) {
            prunedAt = Date.now();
            await prune(database);
          }
          const room = running.size < concurrency;
          const dueMs = room ? await nextDue(database, kind, lookAgainMs) : lookAgainMs;
          if (!room || jobs.length === 0) await pause(Math.max(dueMs, 20), signal, woken);
        }
      } finally {
        stopListening();
        await Promise.all(running);
      }
    },
  };
}

/** Tries a settling statement again while the store is away, for as long as the lease makes sense. */
async function persist<Result>(statement: () => Promise<Result>, forMs: number): Promise<Result> {
  const deadline = performance.now() + forMs;
  for (let wait = 50; ; wait = Math.min(1000, wait * 2)) {
    try {
      return await statement();
    } catch (error) {
      if (performance.now() + wait > deadline) throw error;
      await sleep(wait);
    }
  }
}
