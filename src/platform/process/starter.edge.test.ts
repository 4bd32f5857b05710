import { spawn, spawnSync } from 'node:child_process';
import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openLog } from '../observe/log.ts';
import { openLauncher } from './launcher.ts';
import { requireProgram, starterArgv } from './starter.ts';

let cwd: string;
beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'millrace-starter-test-'));
});
afterEach(() => rm(cwd, { recursive: true, force: true }));

const path = '/usr/bin:/bin';

/** Processes with this text in their command line; a zombie has none. */
async function running(text: string): Promise<string[]> {
  const found: string[] = [];
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const command = await readFile(`/proc/${entry}/cmdline`, 'latin1').catch(() => '');
    if (command.includes(text)) found.push(command);
  }
  return found;
}

test('what is started ends though its launcher died in the moment after, before it could tell anyone', async () => {
  const script = join(cwd, 'launcher.ts');
  const urlOf = (name: string): string => JSON.stringify(new URL(name, import.meta.url).href);
  await writeFile(join(cwd, 'package.json'), '{"type":"module"}');
  await writeFile(
    script,
    `import { spawn } from 'node:child_process';
     import { watchGroups } from ${urlOf('./group-watch.ts')};
     import { starterArgv } from ${urlOf('./starter.ts')};
     const watch = watchGroups();
     const env = { PATH: ${JSON.stringify(path)} };
     for (let n = 0; n < 5; n += 1) {
       const [starter, ...rest] = starterArgv(['sh', '-c', 'echo $$ >>"$1"; sleep 300', 'sh', ${JSON.stringify(join(cwd, 'began'))}], env);
       spawn(starter, rest, { env, detached: true, stdio: ['ignore', 'ignore', 'ignore', watch.pipe] });
     }
     process.kill(process.pid, 'SIGKILL');`,
  );
  const launcher = spawn(process.execPath, ['--import', import.meta.resolve('tsx'), script], { stdio: 'inherit' });
  const signal = await new Promise((resolve) => launcher.once('exit', (_code, by) => resolve(by)));
  expect(signal).toBe('SIGKILL');
  for (let waited = 0; waited < 10_000 && (await running(join(cwd, 'began'))).length > 0; waited += 25) await sleep(25);
  expect(await running(join(cwd, 'began'))).toEqual([]);
});

test('the program gets its arguments and its environment as they are, and not the pipe of the watch', async () => {
  const launcher = openLauncher({ log: openLog({ level: 'silent' }) });
  const env = { PATH: path, 'spring.profile': `a 'b' "c" $d\n`, EMPTY: '', _x1: '=' };
  const script = `import os, sys, json, stat
def is_pipe(number):
  try: mode = os.fstat(number).st_mode
  except OSError: return False
  return stat.S_ISSOCK(mode) or stat.S_ISFIFO(mode)
print(json.dumps([sys.argv[1:], dict(os.environ), is_pipe(3)]))`;
  try {
    const { output } = await launcher.run({ argv: ['python3', '-I', '-c', script, '', "a'b", '-x'], cwd, env });
    const [words, seen, holdsPipe] = JSON.parse(output) as [string[], Record<string, string>, boolean];
    expect(words).toEqual(['', "a'b", '-x']);
    expect(seen).toMatchObject(env);
    expect(holdsPipe).toBe(false);
  } finally {
    await launcher.close();
  }
});

test('a program whose watch is gone runs all the same', () => {
  const [starter, ...rest] = starterArgv(['sh', '-c', 'echo runs; exit 3'], { PATH: path });
  const { status, stdout, stderr } = spawnSync('/bin/sh', ['-c', 'exec 3>/dev/full "$@"', 'sh', starter!, ...rest]);
  expect([status, stdout.toString(), stderr.toString()]).toEqual([3, 'runs\n', '']);
});

test('a program that cannot run is found out before', async () => {
  const file = join(cwd, 'plain');
  await writeFile(file, '');
  const codeOf = (program: string, where = path): unknown => {
    try {
      requireProgram(program, cwd, where);
      return 'runs';
    } catch (error) {
      return (error as NodeJS.ErrnoException).code;
    }
  };
  expect([codeOf('sh'), codeOf('/bin/sh'), codeOf('no-such'), codeOf('./no-such'), codeOf(cwd)]).toEqual([
    'runs',
    'runs',
    'ENOENT',
    'ENOENT',
    'ENOENT',
  ]);
  expect([codeOf('./plain'), codeOf('plain', cwd), codeOf('plain')]).toEqual(['EACCES', 'EACCES', 'ENOENT']);
  await chmod(file, 0o755);
  expect([codeOf('./plain'), codeOf('plain', `/absent:${cwd}`)]).toEqual(['runs', 'runs']);
});
