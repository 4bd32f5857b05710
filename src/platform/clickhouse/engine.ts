import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { drainPending, Session } from 'chdb';
import { limits } from './limits.ts';
import { ClickHouseError, identifier, isInsert, quote, type Request, settingsStatement } from './protocol.ts';

export interface Answer {
  bytes: Uint8Array;
  rowsRead: number;
  bytesRead: number;
  elapsedSeconds: number;
}

/** The embedded engine of this process. There can be one, on one directory; a second process is refused by the engine. */
export interface Engine {
  /** Runs one request in a session of its own. When `signal` aborts, the engine is told to kill the query. */
  run(request: Request, signal: AbortSignal): Promise<Answer>;
  /** Waits for what runs (bounded), stops merges, and leaves the rest to the end of the process. */
  drain(): Promise<void>;
}

/** Lets `limit` through at a time, in order; refuses when `waiting` are queued already. */
function turnstile(limit: number, waiting: number): (signal: AbortSignal) => Promise<() => void> {
  let running = 0;
  const queue: (() => void)[] = [];
  const leave = (): void => {
    const next = queue.shift();
    if (next) next();
    else running -= 1;
  };
  return async (signal) => {
    if (running < limit) {
      running += 1;
      return leave;
    }
    if (queue.length >= waiting) {
      throw new ClickHouseError(202, 'TOO_MANY_SIMULTANEOUS_QUERIES', `More than ${waiting} requests wait already`);
    }
    await new Promise<void>((resolve, reject) => {
      const turn = (): void => {
        signal.removeEventListener('abort', giveUp);
        resolve();
      };
      const giveUp = (): void => {
        queue.splice(queue.indexOf(turn), 1);
        reject(new ClickHouseError(394, 'QUERY_WAS_CANCELLED', 'The client went away'));
      };
      signal.addEventListener('abort', giveUp, { once: true });
      queue.push(turn);
    });
    return leave;
  };
}

export function openEngine(directory: string, configFile: string): Engine {
  const path = join(directory, 'data');
  // Held open for the life of the process: the engine stays loaded between requests, and it is the control session for kills.
  const control = new Session(path, { connectionArgs: [`--config-file=${configFile}`] });
  const queries = turnstile(limits.concurrentQueries, limits.waitingQueries);
  const inserts = turnstile(limits.concurrentInserts, limits.waitingInserts);
  const tokens = new Set<string>();
  let lastToken = 0;

  // ASYNC, since a synchronous kill never returns in this engine.
  const kill = (token: string): void => {
    const statement = `KILL QUERY WHERE Settings['log_comment'] = ${quote(token)} ASYNC`;
    control.queryAsync(statement).catch(() => {});
  };

  return {
    async run(request, signal) {
      const leave = await (isInsert(request.query) ? inserts : queries)(signal);
      lastToken += 1;
      const token = `millrace-${process.pid}-${lastToken}`;
      // A query that waits for memory or a lock may not be listed yet at the first kill.
      const onAbort = async (): Promise<void> => {
        for (let attempt = 0; attempt < 20 && tokens.has(token); attempt += 1) {
          kill(token);
          await sleep(250);
        }
      };
      const killOnAbort = (): void => void onAbort();
      let session: Session | undefined;
      try {
        if (signal.aborted) throw new ClickHouseError(394, 'QUERY_WAS_CANCELLED', 'The client went away');
        session = new Session(path);
        tokens.add(token);
        signal.addEventListener('abort', killOnAbort, { once: true });
        const settings = new Map<string, string>(Object.entries(limits.settings));
        for (const [name, value] of request.settings) settings.set(name, value);
        settings.set('log_comment', token);
        await session.queryAsync(settingsStatement(settings, request.parameters));
        if (request.database) await session.queryAsync(`USE ${identifier(request.database)}`);
        const result = await session.queryAsync(request.query, { format: request.format });
        return {
          bytes: result.bytes(),
          rowsRead: result.rowsRead,
          bytesRead: result.bytesRead,
          elapsedSeconds: result.elapsed,
        };
      } catch (error) {
        throw ClickHouseError.from(error);
      } finally {
        tokens.delete(token);
        signal.removeEventListener('abort', killOnAbort);
        session?.close();
        leave();
      }
    },
    async drain() {
      await Promise.race([drainPending(), sleep(limits.drainMs)]);
      for (const token of tokens) kill(token);
      await Promise.race([control.queryAsync('SYSTEM STOP MERGES'), sleep(1000)]).catch(() => {});
      await Promise.race([drainPending(), sleep(1000)]);
    },
  };
}
