import { spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { access, lstat, mkdir, readdir, readFile, rename, stat } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Fault } from '../../kernel/faults.ts';
import type { Executor, Place, PlaceRequest } from '../../pipelines/port.ts';
import { packTar, unpackTar } from '../../platform/files/tar.ts';

/** In the environment of everything a job starts, so that its strays are found too. */
const placeVariable = 'MILLRACE_PLACE';
const watchEveryMs = 500;
const startWithinMs = 10_000;

/**
 * Runs jobs on the machine the server runs on: a fresh home directory and a process group of its own, and no isolation from
 * the machine besides. Needs `/bin/sh` and `tar`.
 */
export function createHostExecutor(): Executor {
  const available: Executor['available'] = async () => {
    try {
      await access('/bin/sh', constants.X_OK);
      return { ready: true };
    } catch {
      return { ready: false, reason: 'This machine has no /bin/sh' };
    }
  };
  const adopt = async (request: PlaceRequest): Promise<Place | undefined> => {
    const pid = await driverPid(request.controlDir);
    return pid === undefined ? undefined : placeOf(request, pid);
  };
  return {
    kind: 'host',
    available,
    whenReady: async () => ({ hadBeen: false, ...(await available()) }),
    async prepare(request) {
      const existing = await adopt(request);
      if (existing) return existing;
      const home = join(request.placeDir, 'home');
      await mkdir(home, { recursive: true });
      const child = spawn('/bin/sh', [join(request.controlDir, 'driver.sh')], {
        cwd: home,
        env: environmentOf(request.placeId, home),
        detached: true,
        stdio: 'ignore',
      });
      await new Promise<void>((resolve, reject) => {
        child.once('spawn', resolve);
        child.once('error', reject);
      });
      child.unref();
      const deadline = Date.now() + startWithinMs;
      for (;;) {
        // Not the child's own number: had a server been killed here before, the driver it started is the one that runs.
        const place = await adopt(request);
        if (place) return place;
        if (Date.now() > deadline)
          throw new Fault('unavailable', 'The step driver did not start', { code: 'pipelines.driver' });
        await sleep(5);
      }
    },
    adopt,
    async destroy(placeId) {
      await endStrays(placeId);
    },
  };
}

const environmentOf = (placeId: string, home: string): Record<string, string> => ({
  [placeVariable]: placeId,
  HOME: home,
  PATH: process.env.PATH ?? '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  USER: userInfo().username,
  LOGNAME: userInfo().username,
  LANG: process.env.LANG ?? 'C.UTF-8',
  ...(process.env.TZ === undefined ? {} : { TZ: process.env.TZ }),
});

async function driverPid(controlDir: string): Promise<number | undefined> {
  const text = await readFile(join(controlDir, 'pid'), 'utf8').catch(() => '');
  const pid = Number.parseInt(text, 10);
  return Number.isFinite(pid) && pid > 1 ? pid : undefined;
}

function placeOf(request: PlaceRequest, pid: number): Place {
  let timer: NodeJS.Timeout | undefined;
  const lost = new Promise<string>((resolve) => {
    const look = async (): Promise<void> => {
      if (await isDriver(pid, request.controlDir)) return;
      clearInterval(timer);
      resolve('The job’s processes are gone');
    };
    timer = setInterval(() => void look(), watchEveryMs);
    timer.unref();
  });
  return {
    controlDir: request.controlDir,
    lost,
    release: () => clearInterval(timer),
    async copyIn(directory, tar) {
      await mkdir(directory, { recursive: true });
      await unpackTar(directory, tar);
    },
    async moveIn(directory, from) {
      await mkdir(directory, { recursive: true });
      const [there, names, to, at] = await Promise.all([
        readdir(directory),
        readdir(from),
        stat(directory),
        stat(from),
      ]);
      if (there.length > 0 || to.dev !== at.dev) return false;
      // Entry by entry: the directory itself is where the driver stands.
      for (const name of names) await rename(join(from, name), join(directory, name));
      return true;
    },
    async copyOut(path) {
      await lstat(path).catch(() => {
        throw new Fault('missing', `There is nothing at ${path}`, { code: 'pipelines.path-missing' });
      });
      return packTar(dirname(path), [basename(path)]);
    },
    async shell(script) {
      // A terminal of its own by the system’s `script`, which cannot be told of a new size.
      const child = spawn('script', ['-qfec', script, '/dev/null'], {
        cwd: request.placeDir,
        env: { ...environmentOf(request.placeId, join(request.placeDir, 'home')), SHELL: '/bin/sh' },
        detached: true,
        stdio: ['pipe', 'pipe', 'ignore'],
      });
      await new Promise<void>((resolve, reject) => {
        child.once('spawn', resolve);
        child.once('error', (error) =>
          reject(
            new Fault('unavailable', `No terminal can be made here: ${error.message}`, { code: 'pipelines.shell' }),
          ),
        );
      });
      child.stdin.on('error', () => {});
      return {
        output: child.stdout,
        ended: new Promise((resolve) => child.once('close', (code) => resolve(code))),
        write: (bytes) => void child.stdin.write(bytes),
        resize: async () => {},
        close: () => killGroup(child.pid!, 'SIGHUP'),
      };
    },
    async signal(group, name) {
      if (group > 1) killGroup(group, `SIG${name}`);
    },
  };
}

function killGroup(group: number, name: NodeJS.Signals): void {
  try {
    process.kill(-group, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Whether that process is still the driver of this place, and not one that got its number later. */
async function isDriver(pid: number, controlDir: string): Promise<boolean> {
  try {
    const line = await readFile(`/proc/${pid}/cmdline`, 'utf8');
    // A zombie has an empty command line: it has ended and only waits for its parent to look.
    return line.includes(controlDir);
  } catch {
    if (process.platform === 'linux') return false;
  }
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Kills everything that carries the place's mark in its environment, whatever group it put itself into. */
async function endStrays(placeId: string): Promise<void> {
  const mark = `${placeVariable}=${placeId}`;
  for (let round = 0; round < 10; round += 1) {
    let found = 0;
    for (const name of await readdir('/proc').catch(() => [])) {
      const pid = Number(name);
      if (!Number.isInteger(pid) || pid === process.pid) continue;
      const environment = await readFile(`/proc/${pid}/environ`, 'latin1').catch(() => '');
      if (!environment.split('\0').includes(mark)) continue;
      found += 1;
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It ended between being read and being killed.
      }
    }
    if (found === 0) return;
    await sleep(20);
  }
}
