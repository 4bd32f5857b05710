import pg from 'pg';
import { lockOn, type NamedLock, openLockSession } from './named-lock.ts';
import type { Sql } from './sql.ts';

/** What a use case needs of PostgreSQL. Both a pool and an open transaction are one of these. */
export interface Queryable {
  /** All rows. Column names come back as written in the statement; write `as "camelCase"` there. */
  query<Row extends object>(statement: Sql): Promise<Row[]>;
  /** The first row, or undefined. */
  first<Row extends object>(statement: Sql): Promise<Row | undefined>;
  /** Runs a statement for its effect; resolves to the number of rows it touched. */
  execute(statement: Sql): Promise<number>;
}

/** An open transaction. Use cases pass it to stores and to `appendEvent`, so that state and facts commit together. */
export interface Transaction extends Queryable {
  readonly inTransaction: true;
}

export interface Database extends Queryable {
  /**
   * Runs `work` in one transaction (read committed); commits when it resolves, rolls back when it rejects.
   * Serialization failures and deadlocks (40001, 40P01) are tried again, up to 5 times, so `work` must be repeatable.
   */
  transaction<Result>(work: (tx: Transaction) => Promise<Result>): Promise<Result>;
  /**
   * Runs `work` on a database that is one transaction of this one: all its statements and transactions (which become
   * savepoints, one after the other) commit together when `work` resolves, or not at all. The same words on repetition as for
   * `transaction`. The joined database is of no use once `work` has ended; it refuses then.
   */
  together<Result>(work: (joined: Database) => Promise<Result>): Promise<Result>;
  /** Calls `listener` for each NOTIFY on `channel`, from this or any other server. A wake-up only: notifications can be lost. */
  listen(channel: string, listener: (payload: string) => void): Promise<() => void>;
  /**
   * A named lock that one server holds at a time (a session-level advisory lock on a connection of its own). It is lost
   * when that connection is, so ask `held` before each piece of work; work under it must still be idempotent.
   */
  lock(name: string): NamedLock;
  close(): Promise<void>;
}

export type { NamedLock };

// bigint and numeric come back as numbers: no count or position here exceeds 2^53.
pg.types.setTypeParser(20, Number);
pg.types.setTypeParser(1700, Number);

function queryableOn(run: (statement: Sql) => Promise<pg.QueryResult>): Queryable {
  return {
    query: async <Row extends object>(statement: Sql) => (await run(statement)).rows as Row[],
    first: async <Row extends object>(statement: Sql) => (await run(statement)).rows[0] as Row | undefined,
    execute: async (statement) => (await run(statement)).rowCount ?? 0,
  };
}

const retryable = new Set(['40001', '40P01']);

/** An idle connection costs 20 MB of the store's processes, and a new one some milliseconds: the loops that wake together leave many behind. */
const idleMs = 2000;

/**
 * Connects to PostgreSQL by URL (`postgres://...`; a socket directory as `?host=/path`).
 * Connections are opened on first use and reopened after a crash of the server; at most `max` at once.
 */
export function openDatabase(url: string, options: { max?: number; onError?: (error: Error) => void } = {}): Database {
  const pool = new pg.Pool({
    connectionString: url,
    max: options.max ?? 10,
    connectionTimeoutMillis: 10_000,
    idleTimeoutMillis: idleMs,
  });
  // An idle connection that dies (store restarted) must not take the process down; the pool replaces it.
  pool.on('error', (error) => options.onError?.(error));
  // One that dies in use fails its statement, which the caller sees, and also emits an error of its own, which nobody else would hear.
  pool.on('connect', (client) => client.on('error', (error) => options.onError?.(error)));
  const listeners = new Map<string, Set<(payload: string) => void>>();
  let listening: Promise<pg.Client> | undefined;
  let closed = false;
  /** LISTEN statements go out one at a time on their one connection. */
  let turn: Promise<unknown> = Promise.resolve();

  const locks = openLockSession(url, options.onError);
  const openListener = (): Promise<pg.Client> => {
    const client = new pg.Client({ connectionString: url });
    const opened = (async () => {
      await client.connect();
      for (const channel of listeners.keys()) await client.query(`listen ${pg.escapeIdentifier(channel)}`);
      return client;
    })();
    client.on('error', (error) => options.onError?.(error));
    client.on('end', () => forget(opened));
    client.on('notification', (message) => {
      for (const listener of listeners.get(message.channel) ?? []) listener(message.payload ?? '');
    });
    opened.catch(() => {
      forget(opened);
      client.end().catch(() => {});
    });
    return opened;
  };
  /** A connection that ended or never opened is not what anybody should wait for; another follows. */
  const forget = (ended: Promise<pg.Client>): void => {
    if (listening !== ended) return;
    listening = undefined;
    if (!closed) setTimeout(() => void relisten(), 250).unref();
  };
  const relisten = async (): Promise<void> => {
    if (closed || listening) return;
    listening = openListener();
    try {
      await listening;
      // Everybody is woken once, since notifications sent meanwhile are gone.
      for (const set of listeners.values()) for (const listener of set) listener('');
    } catch (error) {
      options.onError?.(error as Error);
    }
  };

  const database: Database = {
    ...queryableOn((statement) => pool.query(statement.text, statement.values)),
    async together(work) {
      return database.transaction(async (tx) => {
        const joined = joinedOn(tx, database);
        try {
          return await work(joined.database);
        } finally {
          joined.end();
        }
      });
    },
    async transaction(work) {
      for (let attempt = 1; ; attempt += 1) {
        const client = await pool.connect();
        let broken: Error | undefined;
        try {
          await client.query('begin');
          const tx = queryableOn((statement) => client.query(statement.text, statement.values));
          const result = await work({ ...tx, inTransaction: true });
          await client.query('commit');
          return result;
        } catch (error) {
          await client.query('rollback').catch((failure: Error) => {
            broken = failure;
          });
          const code = (error as { code?: string }).code ?? '';
          if (!retryable.has(code) || attempt >= 5) throw error;
        } finally {
          client.release(broken);
        }
      }
    },
    async listen(channel, listener) {
      const set = listeners.get(channel) ?? new Set();
      const isNew = set.size === 0;
      set.add(listener);
      listeners.set(channel, set);
      try {
        listening ??= openListener();
        const client = await listening;
        if (isNew) {
          const mine = turn.then(() => client.query(`listen ${pg.escapeIdentifier(channel)}`));
          turn = mine.catch(() => undefined);
          await mine;
        }
      } catch (error) {
        set.delete(listener);
        throw error;
      }
      return () => void set.delete(listener);
    },
    lock: (name) => lockOn(locks, name),
    async close() {
      closed = true;
      await locks.close();
      const client = await listening?.catch(() => undefined);
      await client?.end().catch(() => undefined);
      await pool.end();
    },
  };
  return database;
}

/** A database whose every statement belongs to the open transaction `tx`; its own transactions are savepoints in it. */
function joinedOn(tx: Transaction, whole: Database): { database: Database; end(): void } {
  let ended = false;
  let count = 0;
  /** Savepoints nest by time, not by who set them, so those that are asked for at once take turns. */
  let turn: Promise<unknown> = Promise.resolve();
  const open = (): Transaction => {
    if (ended) throw new Error('The transaction these statements were joined to has ended');
    return tx;
  };
  const queryable: Queryable = {
    query: async (statement) => open().query(statement),
    first: async (statement) => open().first(statement),
    execute: async (statement) => open().execute(statement),
  };
  const savepoint = async <Result>(work: (tx: Transaction) => Promise<Result>): Promise<Result> => {
    const name = `joined_${++count}`;
    await queryable.execute(plain(`savepoint ${name}`));
    try {
      const result = await work({ ...queryable, inTransaction: true });
      await queryable.execute(plain(`release savepoint ${name}`));
      return result;
    } catch (error) {
      // A connection that broke cannot be rolled back; what is to be told is why the work failed.
      await queryable.execute(plain(`rollback to savepoint ${name}`)).catch(() => undefined);
      throw error;
    }
  };
  const database: Database = {
    ...queryable,
    transaction(work) {
      const mine = turn.then(() => savepoint(work));
      turn = mine.catch(() => undefined);
      return mine;
    },
    together: (work) => database.transaction(() => work(database)),
    listen: (channel, listener) => whole.listen(channel, listener),
    lock: (name) => whole.lock(name),
    close: async () => {
      throw new Error('A transaction is ended by the one who opened it');
    },
  };
  return {
    database,
    end: () => {
      ended = true;
    },
  };
}

const plain = (text: string): Sql => ({ text, values: [] });
