import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { Fault } from '../../kernel/faults.ts';
import { catFileBatch } from './commands.ts';
import { killGit, spawnGit } from './run.ts';

interface Request {
  expression: string;
  limit: number;
  resolve: (content: Buffer | undefined) => void;
  reject: (error: Error) => void;
}

/** An idle `cat-file` ends itself after this time. */
const idleMs = 5000;
/** No object takes longer to come; a stuck git is killed. */
const answerMs = 20_000;

/**
 * Reads objects of one repository through one `git cat-file --batch`, started on first use and ended when idle: reading
 * the 200 files of a pipeline costs one process, not 200.
 */
export interface ObjectReader {
  /**
   * Content of a blob named by `<sha>` or `<sha>:<path>`; undefined when there is none or it is no blob.
   * Rejects with a `too-large` Fault over `limit` bytes.
   */
  blob(expression: string, limit: number): Promise<Buffer | undefined>;
  close(): void;
}

export function openObjectReader(repository: string): ObjectReader {
  const waiting: Request[] = [];
  let child: ChildProcessWithoutNullStreams | undefined;
  let pending: Buffer[] = [];
  let pendingBytes = 0;
  /** Header of the answer under way, once read. */
  let current: { type: string; size: number } | undefined;
  let timer: NodeJS.Timeout | undefined;

  const stop = (error?: Error): void => {
    clearTimeout(timer);
    const ended = child;
    child = undefined;
    pending = [];
    pendingBytes = 0;
    current = undefined;
    if (ended) killGit(ended);
    if (error) for (const request of waiting.splice(0)) request.reject(error);
  };
  const rest = (): void => {
    clearTimeout(timer);
    timer = setTimeout(
      () => stop(new Fault('unavailable', 'git did not answer in time', { code: 'git.timeout' })),
      waiting.length === 0 ? idleMs : answerMs,
    );
    timer.unref();
  };

  const settle = (): void => {
    while (waiting.length > 0) {
      if (!current) {
        const joined = pending.length === 1 ? pending[0]! : Buffer.concat(pending);
        pending = [joined];
        const end = joined.indexOf(0x0a);
        if (end < 0) return;
        const words = joined.subarray(0, end).toString().split(' ');
        consume(end + 1);
        // `<sha> <type> <size>`, or `<what was asked> missing` (which may hold blanks).
        const size = Number(words.at(-1));
        if (words.at(-1) === 'missing' || words.at(-1) === 'ambiguous' || !Number.isSafeInteger(size)) {
          waiting.shift()!.resolve(undefined);
          continue;
        }
        current = { type: words.at(-2)!, size };
      }
      const { type, size } = current;
      const request = waiting[0]!;
      if (size > request.limit) {
        waiting.shift();
        request.reject(
          new Fault('too-large', `The file has ${size} bytes; at most ${request.limit} are read`, {
            code: 'git.file-too-large',
          }),
        );
        restart();
        return;
      }
      if (pendingBytes < size + 1) return;
      const joined = Buffer.concat(pending);
      pending = [joined];
      const content = Buffer.from(joined.subarray(0, size));
      consume(size + 1);
      current = undefined;
      waiting.shift();
      request.resolve(type === 'blob' ? content : undefined);
    }
  };
  const consume = (count: number): void => {
    pending = [pending[0]!.subarray(count)];
    pendingBytes -= count;
  };
  /** Skipping a huge object would mean reading it: a new process is cheaper. */
  const restart = (): void => {
    const again = waiting.splice(0);
    stop();
    for (const request of again) ask(request);
  };

  const start = (): ChildProcessWithoutNullStreams => {
    const started = spawnGit(catFileBatch(repository));
    started.stdin.on('error', () => {});
    started.on('error', (error) => {
      if (child === started) stop(error);
    });
    started.on('close', () => {
      if (child === started) stop(new Error('git cat-file ended unexpectedly'));
    });
    started.stderr.resume();
    started.stdout.on('data', (chunk: Buffer) => {
      if (child !== started) return;
      pending.push(chunk);
      pendingBytes += chunk.length;
      settle();
      if (child === started) rest();
    });
    child = started;
    return started;
  };
  const ask = (request: Request): void => {
    waiting.push(request);
    (child ?? start()).stdin.write(`${request.expression}\n`);
    rest();
  };

  return {
    blob(expression, limit) {
      if (/[\n\0]/.test(expression)) return Promise.resolve(undefined);
      return new Promise((resolve, reject) => ask({ expression, limit, resolve, reject }));
    },
    close: () => stop(new Error('the reader was closed')),
  };
}
