import { setTimeout as sleep } from 'node:timers/promises';
import { Fault } from '../kernel/faults.ts';
import { newId } from '../kernel/ids.ts';
import { quote, quotePath } from './driver/quote.ts';
import type { Place, ShellProcess, ShellSize } from './port.ts';
import type { Job } from './run.ts';

/** Output kept for a reader that is behind; what is older is dropped. */
const keptBytes = 1_048_576;
/** A session nobody reads from for so long is ended: whoever sat at it is gone. */
const abandonedMs = 90_000;
const mostSessions = 8;

interface Session {
  jobId: string;
  process: ShellProcess;
  output: Buffer;
  /** Bytes before `output`. */
  dropped: number;
  ended: { code: number | null } | undefined;
  readAt: number;
  wake: () => void;
}

/** What a reader gets: the bytes after its offset, and how the shell ended once it did. */
export interface ShellOutput {
  output: Buffer;
  offset: number;
  ended: { code: number | null } | null;
}

/** Shells in the places of jobs that this server attends. They end with the job, and with the server. */
export class Shells {
  readonly #places = new Map<string, { place: Place; job: Job }>();
  readonly #sessions = new Map<string, Session>();
  readonly #closedAt = new Map<string, number>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  attach(job: Job, place: Place): void {
    this.#places.set(job.id, { job, place });
  }

  detach(jobId: string): void {
    this.#places.delete(jobId);
    this.#closedAt.delete(jobId);
    for (const [id, session] of this.#sessions) if (session.jobId === jobId) this.close(jobId, id);
  }

  /** How many shells are open in a job, and when the last one was closed (Unix ms). */
  state(jobId: string): { open: number; closedAt: number | undefined } {
    const open = [...this.#sessions.values()].filter((one) => one.jobId === jobId && !one.ended).length;
    return { open, closedAt: this.#closedAt.get(jobId) };
  }

  /** Begins a shell where the job's steps run, with their variables and in their directory. */
  async open(jobId: string, size: ShellSize): Promise<string> {
    const found = this.#places.get(jobId);
    if (!found) {
      throw new Fault('conflict', 'The job runs on another server, or not at this moment', {
        code: 'pipelines.shell-away',
        hint: 'Try again once its first step has begun.',
      });
    }
    if (this.state(jobId).open >= mostSessions) {
      throw new Fault('conflict', `${mostSessions} shells are open in this job`, { code: 'pipelines.shells' });
    }
    const process = await found.place.shell(shellScript(found.job, found.place.controlDir, size), size);
    const id = newId();
    const session: Session = {
      jobId,
      process,
      output: Buffer.alloc(0),
      dropped: 0,
      ended: undefined,
      readAt: this.#now(),
      wake: () => {},
    };
    this.#sessions.set(id, session);
    process.output.on('data', (chunk: Buffer) => {
      const all = Buffer.concat([session.output, chunk]);
      session.output = all.subarray(Math.max(0, all.length - keptBytes));
      session.dropped += all.length - session.output.length;
      session.wake();
    });
    void process.ended.then((code) => {
      session.ended = { code };
      this.#closedAt.set(jobId, this.#now());
      session.wake();
    });
    void this.#endWhenAbandoned(id, session);
    return id;
  }

  async write(
    jobId: string,
    id: string,
    given: { input?: Buffer | undefined; size?: ShellSize | undefined },
  ): Promise<void> {
    const { process, ended } = this.#session(jobId, id);
    if (ended) return;
    if (given.size) await process.resize(given.size);
    if (given.input && given.input.length > 0) process.write(given.input);
  }

  /** What came after `offset`; waits up to `waitMs` for something to come. */
  async read(jobId: string, id: string, offset: number, waitMs: number): Promise<ShellOutput> {
    const session = this.#session(jobId, id);
    session.readAt = this.#now();
    const head = (): number => session.dropped + session.output.length;
    if (head() <= offset && !session.ended) {
      const woken = new Promise<void>((resolve) => {
        session.wake = resolve;
      });
      await Promise.race([woken, sleep(waitMs, undefined, { ref: false })]);
      session.readAt = this.#now();
    }
    const output = session.output.subarray(Math.max(0, offset - session.dropped));
    return { output, offset: head(), ended: session.ended ?? null };
  }

  close(jobId: string, id: string): void {
    const session = this.#session(jobId, id);
    session.process.close();
    this.#sessions.delete(id);
    this.#closedAt.set(jobId, this.#now());
    session.wake();
  }

  #session(jobId: string, id: string): Session {
    const session = this.#sessions.get(id);
    if (session?.jobId === jobId) return session;
    throw new Fault('missing', 'There is no such shell; it has ended', { code: 'pipelines.shell-missing' });
  }

  async #endWhenAbandoned(id: string, session: Session): Promise<void> {
    while (this.#sessions.get(id) === session) {
      await sleep(5000, undefined, { ref: false });
      if (this.#now() - session.readAt > abandonedMs && this.#sessions.has(id)) this.close(session.jobId, id);
    }
  }
}

/** What runs in the place: the job's variables and directory, then bash where there is one. Pure. */
function shellScript(job: Job, controlDir: string, size: ShellSize): string {
  return [
    `mr_C=${quote(controlDir)}; . "$mr_C/env.sh"`,
    `export TERM=${quote(size.term ?? 'xterm')}`,
    `cd ${quotePath(job.spec.workingDirectory)} 2>/dev/null || cd`,
    `stty rows ${size.rows} cols ${size.columns} 2>/dev/null`,
    'if command -v bash >/dev/null; then exec bash --rcfile "$BASH_ENV" -i; else exec sh -i; fi',
  ].join('\n');
}
