import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { link, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { Fault } from '../../kernel/faults.ts';
import { type Place, placeAwayCode } from '../../pipelines/port.ts';
import { asking, type DockerEngine, engineIsAway, engineStatus } from './client.ts';
import { driverProcess } from './driver-process.ts';

/** Time a call that moves no data has. */
export const callMs = 30_000;
/** Time a copy into a container has; a job that loses its place does not wait for it. */
const copyMs = 3_600_000;
/** Time one look at a container has. */
const watchMs = 10_000;

/** A directory of the server that the container sees at `seen` and cannot write to. */
export interface GivenDirectory {
  directory: string;
  seen: string;
}

/**
 * A job's place in the container of that name, watched until it is released. `controlDir` is where the job sees its own; `driver` is what
 * the driver's command line holds where it is not the container's first program.
 */
export function placeIn(
  docker: DockerEngine,
  name: string,
  controlDir: string,
  given: GivenDirectory,
  awayMs: number,
  driver?: string | undefined,
): Place {
  const container = docker.getContainer(name);
  let released = false;
  const inside = (argv: string[], user?: string, withinMs = callMs): Promise<number | null> =>
    reach('a command in the job’s container', withinMs, async () => {
      // With nothing attached the engine's answer ends at once, while the command may not even have begun.
      const attached = { Cmd: argv, AttachStdout: true, AttachStderr: true };
      const exec = await container.exec({ ...attached, ...(user === undefined ? {} : { User: user }) });
      const stream = await exec.start({ hijack: true, stdin: false });
      stream.resume();
      await new Promise<void>((resolve) => {
        stream.once('end', resolve);
        stream.once('close', resolve);
        stream.once('error', () => resolve());
      });
      for (;;) {
        const { Running, ExitCode } = await exec.inspect();
        if (!Running) return ExitCode;
        await sleep(5);
      }
    });
  /** How the driver stands by the number it left: its subshells outlive it and look the same from outside. */
  const driverState = async (): Promise<'not begun' | 'alive' | 'ended'> => {
    const script = '[ -s "$1/pid" ] || exit 3; read -r pid <"$1/pid"; kill -0 "$pid"';
    const code = await inside(['/bin/sh', '-c', script, 'sh', controlDir], '0');
    return code === 3 ? 'not begun' : code === 0 ? 'alive' : 'ended';
  };
  const lost = new Promise<string>((resolve) => {
    const beside = driver === undefined ? undefined : { program: driver, state: driverState };
    void watch(docker, name, awayMs, () => released, beside).then(resolve);
  });
  /**
   * Has the container's own tar unpack a file of the server, which it sees without being able to change it: twice as fast as handing
   * the bytes to the engine. False when that cannot be done there, or not to the end: the image has no tar, or one that knows less.
   */
  const unpackInside = async (directory: string, file: string): Promise<boolean> => {
    const archive = `${randomUUID()}.tar`;
    try {
      await link(file, join(given.directory, archive));
    } catch {
      return false;
    }
    try {
      // As root and with the owners' numbers, as the engine unpacks.
      const argv = ['tar', '-x', '-p', '--numeric-owner', '-f', `${given.seen}/${archive}`, '-C', directory];
      const code = await inside(['/bin/sh', '-c', 'exec "$@"', 'sh', ...argv], '0', copyMs);
      return code === 0;
    } finally {
      await rm(join(given.directory, archive), { force: true });
    }
  };
  return {
    controlDir,
    lost,
    release: () => {
      released = true;
    },
    async copyIn(directory, tar) {
      // The archive waits in memory no more than a pipe holds; a missing directory is made before the first byte is sent.
      await inside(['/bin/sh', '-c', 'mkdir -p -- "$1"', 'sh', directory]);
      if ('file' in tar && (await unpackInside(directory, tar.file))) return;
      const body = new PassThrough();
      const archive: NodeJS.ReadableStream =
        'file' in tar ? createReadStream(tar.file, { highWaterMark: 1_048_576 }) : tar;
      archive.on('error', (error: Error) => body.destroy(error));
      archive.pipe(body);
      await reach('copying into the job’s container', copyMs, () => container.putArchive(body, { path: directory }));
    },
    async copyOut(path) {
      const archive = await reach('copying out of the job’s container', callMs, () =>
        container.getArchive({ path }),
      ).catch((error: unknown) => {
        if (engineStatus(error) !== 404) throw error;
        throw new Fault('missing', `There is nothing at ${path}`, { code: 'pipelines.path-missing' });
      });
      const out = new PassThrough();
      pipeline(archive, out, { end: false }).then(
        () => out.end(),
        (error: Error) => out.destroy(engineIsAway(error) ? awayFault(error) : error),
      );
      return out;
    },
    async shell(script, size) {
      const exec = await reach('a shell in the job’s container', callMs, () =>
        container.exec({
          Cmd: ['/bin/sh', '-c', script],
          AttachStdin: true,
          AttachStdout: true,
          AttachStderr: true,
          Tty: true,
        }),
      );
      const stream = await exec.start({ hijack: true, stdin: true, Tty: true });
      const ended = new Promise<number | null>((resolve) => {
        const end = (): void =>
          void exec.inspect().then(
            ({ ExitCode }) => resolve(ExitCode),
            () => resolve(null),
          );
        stream.once('end', end);
        stream.once('close', end);
        stream.once('error', end);
      });
      await exec.resize({ h: size.rows, w: size.columns }).catch(() => {});
      return {
        output: stream,
        ended,
        write: (bytes) => void stream.write(bytes),
        resize: async ({ rows, columns }) => void (await exec.resize({ h: rows, w: columns }).catch(() => {})),
        // Whatever runs is interrupted and the shell sees the end of its input: a shell outlives a mere hang-up here.
        close: () => {
          stream.write('\u0003\u0004');
          setTimeout(() => stream.destroy(), 1000).unref();
        },
      };
    },
    async signal(group, name) {
      if (group <= 1) return;
      await inside(
        ['/bin/sh', '-c', 'kill -s "$1" -- "-$2" || kill -s "$1" "$2"', 'sh', name, String(group)],
        '0',
      ).catch((error: unknown) => {
        // 404 and 409: the container is gone or stopped, and the group with it.
        if (![404, 409].includes(engineStatus(error) ?? 0)) throw error;
      });
    },
  };
}

const awayFault = (cause: unknown): Fault =>
  new Fault('unavailable', 'The container engine does not answer', { code: placeAwayCode, cause });

/** As `asking`, in the words of places. */
async function reach<Result>(what: string, ms: number, call: () => Promise<Result>): Promise<Result> {
  try {
    return await asking(ms, what, call);
  } catch (error) {
    throw engineIsAway(error) ? awayFault(error) : error;
  }
}

/** Resolves when the container has ended or the engine stays away. */
async function watch(
  docker: DockerEngine,
  name: string,
  awayMs: number,
  released: () => boolean,
  driver: { program: string; state(): Promise<'not begun' | 'alive' | 'ended'> } | undefined,
): Promise<string> {
  const container = docker.getContainer(name);
  let awaySince: number | undefined;
  let first: string | undefined;
  for (;;) {
    if (released()) return 'No longer watched';
    try {
      const facts = await asking(watchMs, 'looking at the job’s container', () => container.inspect());
      if (!facts.State.Running) {
        if (awaySince !== undefined) return 'The container engine went away, and the job’s container with it';
        const memory = facts.State.OOMKilled ? ' (out of memory)' : '';
        return `The job’s container ended with status ${facts.State.ExitCode}${memory}`;
      }
      if (driver !== undefined) {
        const seen = await asking(watchMs, 'looking at the job’s processes', () => container.top());
        const processes: string[][] = seen.Processes;
        const at = seen.Titles.indexOf('PID');
        if (first !== undefined) {
          if (!processes.some((process) => process[at] === first)) return 'The step driver ended';
        } else {
          // Looked at after the list, so that what is alive now and looks like the driver in the list was the driver.
          const state = await driver.state();
          if (state === 'ended') return 'The step driver ended';
          if (state === 'alive') first = driverProcess(seen.Titles, processes, driver.program);
        }
      }
      awaySince = undefined;
    } catch (error) {
      if (engineStatus(error) === 404) return 'The job’s container is gone';
      awaySince ??= Date.now();
      if (Date.now() - awaySince > awayMs) return 'The container engine went away';
    }
    await sleep(1000, undefined, { ref: false });
  }
}

/** Tries again while the engine is away, up to `awayMs`. */
export async function patiently<Result>(awayMs: number, call: () => Promise<Result>): Promise<Result> {
  const deadline = Date.now() + awayMs;
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (!engineIsAway(error)) throw error;
      if (Date.now() > deadline) {
        throw new Fault('unavailable', 'The container engine went away', { code: placeAwayCode, cause: error });
      }
      await sleep(500);
    }
  }
}
