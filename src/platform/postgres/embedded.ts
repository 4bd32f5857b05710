import { existsSync } from 'node:fs';
import { chmod, chown, lchown, mkdir, mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { Fault } from '../../kernel/faults.ts';
import type { Log } from '../observe/log.ts';
import { type Exit, type Kept, keep } from '../process/keeper.ts';
import { endOrphans } from '../process/orphans.ts';
import { supervise } from '../process/supervise.ts';
import { isRoot, requireTraversable, storeUser } from '../process/user.ts';
import { installPostgres, type PostgresBinaries } from './binaries.ts';

export interface StartPostgres {
  /** Holds the engine, the data and the socket. The caller holds the lock on it (`openDataDirectory`). */
  dataDir: string;
  log: Log;
  /** Called each time PostgreSQL ends without being asked to; it is started again by itself. */
  onExit?: ((exit: Exit) => void) | undefined;
  /** Where the runnable copy of PostgreSQL is kept; default inside `dataDir`. */
  engineDir?: string | undefined;
  /** Further `name: value` settings. */
  settings?: Record<string, string> | undefined;
}

export interface RunningPostgres {
  /** `postgres://` URL of the `millrace` database, through a unix socket that only this user (and root) can open. */
  readonly url: string;
  /** The postmaster of the moment. */
  readonly pid: number;
  /** Ends sessions, checkpoints, and exits; killed after 15 s. */
  stop(): Promise<void>;
}

/** Chosen for a small machine: about 25 MB of its own when idle, and durable. */
const settings: Record<string, string> = {
  listen_addresses: '',
  fsync: 'on',
  synchronous_commit: 'on',
  max_connections: '60',
  shared_buffers: '32MB',
  work_mem: '8MB',
  maintenance_work_mem: '32MB',
  jit: 'off',
  io_method: 'sync',
  max_worker_processes: '2',
  max_parallel_workers: '0',
  max_logical_replication_workers: '0',
  autovacuum_worker_slots: '2',
  autovacuum_max_workers: '1',
  wal_level: 'minimal',
  max_wal_senders: '0',
  min_wal_size: '64MB',
  max_wal_size: '256MB',
  checkpoint_timeout: '10min',
  client_connection_check_interval: '5s',
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_min_messages: 'fatal',
};

const role = 'millrace';
/** A unix socket's whole path must fit 107 bytes; `/.s.PGSQL.5432` takes 14. */
const longestSocketDirectory = 90;

/**
 * Starts PostgreSQL on `dataDir` and keeps it up until `stop`: on first use the engine is copied and a cluster initialised,
 * what a killed server left running is ended, and one that dies is started again (its crash recovery loses nothing
 * committed). It ends with this process, however this process ends.
 */
export async function startPostgres(options: StartPostgres): Promise<RunningPostgres> {
  const dataDir = resolve(options.dataDir);
  const user = isRoot() ? { uid: storeUser, gid: storeUser } : {};
  await mkdir(dataDir, { recursive: true, mode: 0o755 });
  if (user.uid !== undefined) await requireTraversable(join(dataDir, 'data'), user.uid);
  const binaries = await installPostgres(options.engineDir ?? dataDir);
  const cluster = join(dataDir, 'data');
  await initialise(binaries, cluster, user);
  const socketDirectory = await makeSocketDirectory(dataDir, user);

  const url = `postgres://${role}@/${role}?host=${encodeURIComponent(socketDirectory)}`;
  const lastLines: string[] = [];
  const launch = async (): Promise<Kept> => {
    lastLines.length = 0;
    const orphans = await endOrphans(cluster, 'postgres', 'SIGINT');
    if (orphans > 0) options.log.warn({ orphans }, 'ended PostgreSQL processes that had been left running');
    // No process stands in the cluster any more, and nobody else may start one (the directory is locked). PostgreSQL itself
    // asks only whether the number in these files can be signalled, which a zombie or a stranger with that number can.
    await rm(join(cluster, 'postmaster.pid'), { force: true });
    await rm(join(socketDirectory, '.s.PGSQL.5432.lock'), { force: true });
    const all = { ...settings, unix_socket_directories: socketDirectory, unix_socket_permissions: '0700' };
    const kept = await keep({
      argv: [
        binaries.postgres,
        '-D',
        cluster,
        ...Object.entries({ ...all, ...options.settings }).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
      ],
      cwd: cluster,
      env: { LC_ALL: 'C', TZ: 'UTC' },
      ...user,
      stopSignal: 'SIGINT',
      graceMs: 15_000,
      onLine: (line) => {
        lastLines.push(line);
        if (lastLines.length > 20) lastLines.shift();
        options.log.debug({ store: 'postgres' }, line);
      },
    });
    await untilReady(kept, cluster, lastLines);
    return kept;
  };

  const supervision = await supervise({ name: 'postgres', launch, log: options.log, onExit: options.onExit });
  await createOwnDatabase(url).catch(async (error) => {
    await supervision.stop();
    throw error;
  });

  return {
    url,
    get pid() {
      return supervision.pid;
    },
    async stop() {
      await supervision.stop();
      await rm(socketDirectory, { recursive: true, force: true });
    },
  };
}

interface User {
  uid?: number;
  gid?: number;
}

/** Makes the cluster in a directory beside it and renames it, so that a crash half-way leaves nothing that looks whole. */
async function initialise(binaries: PostgresBinaries, cluster: string, user: User): Promise<void> {
  if (existsSync(join(cluster, 'PG_VERSION'))) {
    const found = (await readFile(join(cluster, 'PG_VERSION'), 'utf8')).trim();
    const major = binaries.version.split('.')[0]!;
    if (found === major) return;
    throw new Fault('unavailable', `The data in ${cluster} was written by PostgreSQL ${found}, this is ${major}`, {
      code: 'platform.postgres-version',
      hint: `Dump it with PostgreSQL ${found} (pg_dumpall), move the directory away, start again, and restore.`,
    });
  }
  const unfinished = `${cluster}.new`;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished, { mode: 0o700 });
  const initUser = await userWithAccount();
  if (initUser) await chown(unfinished, initUser.uid, initUser.gid);
  const lines: string[] = [];
  const initdb = await keep({
    argv: [
      binaries.initdb,
      ...['--pgdata', unfinished, '--username', role, '--auth', 'trust', '--encoding', 'UTF8', '--no-instructions'],
      ...['--locale-provider', 'builtin', '--builtin-locale', 'C.UTF-8', '--locale', 'C'],
    ],
    cwd: '/',
    env: { LC_ALL: 'C', TZ: 'UTC' },
    ...initUser,
    onLine: (line) => lines.push(line),
  });
  const exit = await initdb.exited;
  if (exit.exitCode !== 0) {
    throw new Fault('unavailable', `PostgreSQL could not initialise ${cluster}: ${lines.slice(-3).join(' ')}`, {
      code: 'platform.postgres-init',
      hint: 'Check free disk space and the rights on the data directory.',
    });
  }
  if (user.uid !== undefined && user.gid !== undefined) await chownTree(unfinished, user.uid, user.gid);
  await rename(unfinished, cluster);
}

/** initdb insists on a user with an account; the server does not. Undefined when this process is an ordinary user. */
async function userWithAccount(): Promise<{ uid: number; gid: number } | undefined> {
  if (!isRoot()) return undefined;
  const accounts = (await readFile('/etc/passwd', 'utf8')).split('\n').map((line) => line.split(':'));
  const account = ['nobody', 'daemon', 'bin']
    .map((name) => accounts.find((fields) => fields[0] === name))
    .find((fields) => fields !== undefined);
  if (account) return { uid: Number(account[2]), gid: Number(account[3]) };
  throw new Fault('unavailable', 'PostgreSQL cannot run as root, and this machine has no account "nobody"', {
    code: 'platform.no-account',
    hint: 'Start Millrace as an ordinary user, or set DATABASE_URL.',
  });
}

async function chownTree(path: string, uid: number, gid: number): Promise<void> {
  await lchown(path, uid, gid);
  for (const entry of await readdir(path, { withFileTypes: true })) {
    if (entry.isDirectory()) await chownTree(join(path, entry.name), uid, gid);
    else await lchown(join(path, entry.name), uid, gid);
  }
}

async function makeSocketDirectory(dataDir: string, user: User): Promise<string> {
  const near = join(dataDir, 'socket');
  let directory = near;
  if (Buffer.byteLength(near) > longestSocketDirectory) directory = await mkdtemp(join(tmpdir(), 'millrace-pg-'));
  else await mkdir(near, { recursive: true, mode: 0o700 });
  await chmod(directory, 0o700);
  if (user.uid !== undefined && user.gid !== undefined) await chown(directory, user.uid, user.gid);
  return directory;
}

/** Waits until the postmaster writes `ready` into its pid file: crash recovery may take a while, so there is no short limit. */
async function untilReady(kept: Kept, cluster: string, lastLines: string[]): Promise<void> {
  let ended: Exit | undefined;
  void kept.exited.then((exit) => {
    ended = exit;
  });
  for (;;) {
    if (ended) {
      throw new Fault('unavailable', `PostgreSQL did not start: ${lastLines.slice(-3).join(' ') || 'no message'}`, {
        code: 'platform.postgres-start',
        hint: 'The lines above are its own; a full disk and a data directory of another user are the usual reasons.',
      });
    }
    const lines = (await readFile(join(cluster, 'postmaster.pid'), 'utf8').catch(() => '')).split('\n');
    if (Number(lines[0]) === kept.pid && lines[7]?.trim() === 'ready') return;
    await sleep(20);
  }
}

async function createOwnDatabase(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url.replace(`/${role}?`, '/postgres?') });
  await client.connect();
  try {
    const known = await client.query('select 1 from pg_database where datname = $1', [role]);
    if (known.rowCount === 0) await client.query(`create database ${pg.escapeIdentifier(role)}`);
  } finally {
    await client.end();
  }
}
