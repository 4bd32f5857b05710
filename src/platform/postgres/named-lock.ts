import pg from 'pg';

export interface NamedLock {
  /** Takes the lock if it is free; resolves to whether this server holds it now. Never waits for another holder. */
  held(): Promise<boolean>;
  release(): Promise<void>;
}

/** One connection that carries all session-level locks of this server; when it dies, they are all lost together. */
export interface LockSession {
  client(): Promise<pg.Client>;
  /** Names held on the present connection. */
  held: Set<string>;
  /** Ends when the question asked last is answered. */
  turn: Promise<unknown>;
  close(): Promise<void>;
}

/** Opens lazily; reopens after the connection was lost. */
export function openLockSession(url: string, onError: ((error: Error) => void) | undefined): LockSession {
  let current: Promise<pg.Client> | undefined;
  const held = new Set<string>();
  const open = (): Promise<pg.Client> => {
    const client = new pg.Client({ connectionString: url, keepAlive: true, connectionTimeoutMillis: 10_000 });
    const opened = client.connect().then(() => client);
    // A connection that failed ends some time after it said so. By then another may carry the locks, and to forget that
    // one would leave it open, with locks that nobody here knows of and nobody gets.
    const forget = (): void => {
      if (current !== opened) return;
      held.clear();
      current = undefined;
    };
    client.on('error', (error) => onError?.(error));
    client.on('end', forget);
    opened.catch(() => {
      forget();
      client.end().catch(() => {});
    });
    return opened;
  };
  return {
    held,
    turn: Promise.resolve(),
    client() {
      current ??= open();
      return current;
    },
    async close() {
      const client = await current?.catch(() => undefined);
      await client?.end().catch(() => undefined);
    },
  };
}

/** Questions to the one connection, one at a time: the driver does not queue them for us. */
function inTurn<Result>(session: LockSession, work: (client: pg.Client) => Promise<Result>): Promise<Result> {
  const mine = session.turn.then(async () => work(await session.client()));
  session.turn = mine.catch(() => undefined);
  return mine;
}

/** A lock on `name` (hashed to 64 bits by the server) carried by the session. */
export function lockOn(session: LockSession, name: string): NamedLock {
  return {
    held() {
      return inTurn(session, async (client) => {
        if (session.held.has(name)) return true;
        const { rows } = await client.query('select pg_try_advisory_lock(hashtextextended($1, 0)) as taken', [name]);
        if (rows[0].taken) session.held.add(name);
        return rows[0].taken;
      });
    },
    async release() {
      if (!session.held.delete(name)) return;
      // A lost connection has released it already.
      await inTurn(session, (client) =>
        client.query('select pg_advisory_unlock(hashtextextended($1, 0))', [name]),
      ).catch(() => undefined);
    },
  };
}
