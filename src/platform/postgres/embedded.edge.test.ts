import { execFileSync, spawn } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openLog } from '../observe/log.ts';
import { findProcessesIn } from '../process/orphans.ts';
import { storeUser } from '../process/user.ts';
import { installPostgres } from './binaries.ts';
import { openDatabase } from './database.ts';
import { startPostgres } from './embedded.ts';
import { sql } from './sql.ts';

const engineDir = join(tmpdir(), 'millrace-test-engine');
const log = openLog({ level: 'silent' });
let directory: string;

beforeEach(async () => {
  await mkdir(engineDir, { recursive: true, mode: 0o755 });
  directory = await mkdtemp(join(tmpdir(), 'millrace-pg-test-'));
  await chmod(directory, 0o755);
});
afterEach(() => rm(directory, { recursive: true, force: true, maxRetries: 5 }));

const eventually = async (what: string, check: () => Promise<boolean>): Promise<void> => {
  for (let waited = 0; waited < 20_000; waited += 50) {
    if (await check()) return;
    await sleep(50);
  }
  throw new Error(`never happened: ${what}`);
};

test('stands alone: it works on when the checkout it was copied from is gone', async () => {
  const { initdb } = await installPostgres(directory);
  const lib = join(initdb, '..', '..', 'lib');
  const links = async (): Promise<string[]> => {
    const entries = await readdir(lib, { withFileTypes: true });
    const found = entries.filter((entry) => entry.isSymbolicLink());
    return Promise.all(found.map((entry) => readlink(join(lib, entry.name))));
  };
  expect((await links()).filter((target) => isAbsolute(target))).toEqual([]);
  // One made by an older version leans on its checkout, and is made anew.
  const leaning = join(lib, 'libpq.so.5');
  await rm(leaning, { force: true });
  await symlink('/gone/with/the/checkout/libpq.so.5.18', leaning);
  await installPostgres(directory);
  expect((await links()).filter((target) => isAbsolute(target))).toEqual([]);
  expect(execFileSync(initdb, ['--version'], { encoding: 'utf8' })).toContain('initdb (PostgreSQL)');
});

test('keeps committed rows over a restart, and leaves no process', async () => {
  for (const expected of [1, 2]) {
    const running = await startPostgres({ dataDir: directory, log, engineDir });
    const database = openDatabase(running.url);
    await database.execute(sql`create table if not exists kept (n int)`);
    await database.execute(sql`insert into kept values (1)`);
    expect(await database.first(sql`select count(*) as n from kept`)).toEqual({ n: expected });
    await database.close();
    await running.stop();
    expect(await findProcessesIn(join(directory, 'data'), 'postgres')).toEqual([]);
  }
});

test('starts again by itself after kill -9, with every acknowledged row', async () => {
  const exits: unknown[] = [];
  const running = await startPostgres({ dataDir: directory, log, engineDir, onExit: (exit) => exits.push(exit) });
  const database = openDatabase(running.url);
  await database.execute(sql`create table kept (n int)`);
  await database.execute(sql`insert into kept values (7)`);
  const before = running.pid;
  process.kill(before, 'SIGKILL');
  await eventually('another postmaster is there', async () => running.pid !== before);
  await eventually('the row is readable again', () =>
    database.first<{ n: number }>(sql`select n from kept`).then(
      (row) => row?.n === 7,
      () => false,
    ),
  );
  expect(exits).toEqual([{ exitCode: null, signal: 'SIGKILL' }]);
  await database.close();
  await running.stop();
});

test('ends with the process that started it, even when that is killed', async () => {
  const script = join(directory, 'server.ts');
  const module = fileURLToPath(new URL('./embedded.ts', import.meta.url));
  const logModule = fileURLToPath(new URL('../observe/log.ts', import.meta.url));
  await writeFile(
    script,
    `import { startPostgres } from ${JSON.stringify(module)};
     import { openLog } from ${JSON.stringify(logModule)};
     const running = await startPostgres({ dataDir: process.argv[2]!, engineDir: process.argv[3]!, log: openLog({ level: 'silent' }) });
     process.stdout.write('up ' + running.pid + '\\n');
     setInterval(() => {}, 1000);`,
  );
  await writeFile(join(directory, 'package.json'), '{"type":"module"}');
  const tsx = import.meta.resolve('tsx');
  const server = spawn(process.execPath, ['--import', tsx, script, directory, engineDir], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await new Promise<void>((resolve) => server.stdout.once('data', () => resolve()));
  expect((await findProcessesIn(join(directory, 'data'), 'postgres')).length).toBeGreaterThan(0);
  server.kill('SIGKILL');
  await eventually(
    'no PostgreSQL is left',
    async () => (await findProcessesIn(join(directory, 'data'), 'postgres')).length === 0,
  );
});

test('is not kept from starting by the number of a killed one that somebody else has, or that is a zombie', async () => {
  const first = await startPostgres({ dataDir: directory, log, engineDir });
  const pidFile = join(directory, 'data', 'postmaster.pid');
  const facts = (await readFile(pidFile, 'utf8')).split('\n').slice(1);
  await first.stop();
  // Alive, and not a PostgreSQL.
  await writeFile(pidFile, [process.pid, ...facts].join('\n'));
  await mkdir(join(directory, 'socket'));
  await writeFile(join(directory, 'socket', '.s.PGSQL.5432.lock'), [process.pid, ...facts].join('\n'));
  const second = await startPostgres({ dataDir: directory, log, engineDir });
  await second.stop();
});

test('takes over from a PostgreSQL that was left running', async () => {
  const first = await startPostgres({ dataDir: directory, log, engineDir });
  await first.stop();
  const cluster = join(directory, 'data');
  const user = process.getuid?.() === 0 ? { uid: storeUser, gid: storeUser } : {};
  const { postgres } = await installPostgres(engineDir);
  const orphan = spawn(
    postgres,
    ['-D', cluster, '-c', 'listen_addresses=', '-c', `unix_socket_directories=${cluster}`],
    {
      cwd: cluster,
      env: { LC_ALL: 'C' },
      ...user,
    },
  );
  const ended = new Promise((resolve) => orphan.once('exit', resolve));
  await eventually('the orphan serves', async () => {
    const lines = (await readFile(join(cluster, 'postmaster.pid'), 'utf8').catch(() => '')).split('\n');
    return Number(lines[0]) === orphan.pid && lines[7]?.trim() === 'ready';
  });
  const second = await startPostgres({ dataDir: directory, log, engineDir });
  await ended;
  expect(await findProcessesIn(cluster, 'postgres')).not.toContain(orphan.pid);
  const database = openDatabase(second.url);
  expect(await database.first(sql`select 1 as one`)).toEqual({ one: 1 });
  await database.close();
  await second.stop();
});

test('says which directory is closed to its user', async ({ skip }) => {
  if (process.getuid?.() !== 0) skip();
  const closed = join(directory, 'closed');
  await mkdir(closed, { mode: 0o700 });
  await expect(startPostgres({ dataDir: join(closed, 'postgres'), log, engineDir })).rejects.toMatchObject({
    code: 'platform.directory-closed',
    message: expect.stringContaining(closed),
  });
});
