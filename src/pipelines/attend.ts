import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Fault } from '../kernel/faults.ts';
import type { Log } from '../platform/observe/log.ts';
import { awayFault } from '../platform/postgres/away.ts';
import { type Intervention, intervene, type Watch } from './deadlines.ts';
import {
  answerContinue,
  answerToken,
  JournalFollower,
  readContinueRequest,
  readTokenRequest,
  tellAlive,
  tellAnswer,
  tellCanceled,
  tellHalted,
} from './driver/control.ts';
import type { JournalStep } from './driver/journal.ts';
import { sizeWithin } from './driver/within.ts';
import { LogPump, NoteLog } from './log/pump.ts';
import { type Masker, type Place, type PlannedStep, placeAwayCode } from './port.ts';
import type { Step } from './run.ts';
import type { JobContext } from './steps/context.ts';
import { performStep } from './steps/index.ts';

/** How a job's driver came to its end. */
export type Ending =
  | { kind: 'ended'; failed: boolean; stopped?: 'canceled' | 'timeout' | undefined }
  | { kind: 'lost'; reason: string; stopped?: 'canceled' | 'timeout' | undefined }
  /** The server stops or the lease is gone: the job goes on without us. */
  | { kind: 'left' };

export interface Attendance {
  context: Omit<JobContext, 'number' | 'say' | 'home' | 'workingDirectory' | 'owner'>;
  place: Place;
  log: Log;
  controlDir: string;
  masker: Masker;
  jobStartedAt: number;
  jobTimeoutMs: number;
  cancelRequested: () => boolean;
  /** Rows of all steps; changed in place. */
  steps: Step[];
  /** Continues the run for a job of a setup configuration; absent for other jobs. */
  onContinue?: ((body: unknown) => Promise<{ status: number; message: string }>) | undefined;
  /** Issues a token with the claims asked for (JSON); absent for jobs that get none. */
  onToken?: ((claims: string) => Promise<{ status: number; message: string }>) | undefined;
  /** Stores how steps stand; rejects when the lease is gone. */
  save: (changed: Step[]) => Promise<void>;
  signal: AbortSignal;
}

const activeTickMs = 20;
const idleTickMs = 100;
const saveEveryMs = 100;
/** How long a step that the server does waits for a store that is away. */
const storeAwayMs = 600_000;

const isAway = (error: unknown): boolean => error instanceof Fault && error.code === placeAwayCode;

/** Stays with a job until its driver has ended: follows its journal and logs, answers its requests, enforces its limits. */
export async function attend(attendance: Attendance): Promise<Ending> {
  const attendant = new Attendant(attendance);
  try {
    return await attendant.run();
  } finally {
    await attendant.close();
  }
}

class Attendant {
  readonly #a: Attendance;
  readonly #follower: JournalFollower;
  readonly #pumps = new Map<number, LogPump>();
  readonly #finished = new Set<number>();
  readonly #asking = new Map<number, Promise<void>>();
  readonly #asked = new Map<number, { at: number; killed: boolean; reason: string }>();
  readonly #changed = new Map<number, Step>();
  #stopping: { at: number; why: 'canceled' | 'timeout'; killed: boolean } | undefined;
  #lost: string | undefined;
  #closed = false;
  #savedAt = 0;
  #aliveAt = 0;

  constructor(attendance: Attendance) {
    this.#a = attendance;
    this.#follower = new JournalFollower(attendance.controlDir);
    void attendance.place.lost.then((reason) => {
      this.#lost = reason;
    });
  }

  get #now(): number {
    return this.#a.context.now();
  }

  async run(): Promise<Ending> {
    let activeAt = this.#now;
    while (!this.#a.signal.aborted) {
      // Read before the journal: whatever the driver wrote before it died is then seen.
      const lost = this.#lost;
      const news = await this.#follower.poll();
      const output = await this.#advance();
      if (news || output > 0) activeAt = this.#now;
      const { ended } = this.#follower.journal;
      if (ended || lost !== undefined) {
        await this.#finishAll();
        const stopped = this.#stopping?.why;
        return ended ? { kind: 'ended', failed: ended.failed, stopped } : { kind: 'lost', reason: lost!, stopped };
      }
      await this.#enforce();
      await this.#answerJob();
      await this.#save(false);
      if (this.#now - this.#aliveAt > 5000) {
        this.#aliveAt = this.#now;
        await tellAlive(this.#a.controlDir);
      }
      // A busy log leaves no pause at all, but lets the rest of the server have its turn.
      await sleep(output > 1_000_000 ? 0 : this.#now - activeAt < 2000 ? activeTickMs : idleTickMs);
    }
    return { kind: 'left' };
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const pump of this.#pumps.values()) await pump.close().catch(() => {});
    // A step that the server does may take long to copy; whoever leaves does not wait for it.
    await Promise.race([Promise.allSettled(this.#asking.values()), sleep(2000, undefined, { ref: false })]);
    this.#a.place.release();
  }

  /** Brings every step up to what the journal says. Resolves to how many bytes of log came. */
  async #advance(): Promise<number> {
    let taken = 0;
    for (const [number, seen] of this.#follower.journal.steps) {
      if (this.#finished.has(number)) continue;
      const row = this.#a.steps.find((step) => step.number === number);
      if (!row) continue;
      if (row.kind === 'run') taken += await this.#follow(row, seen);
      else if (seen.state === 'running') this.#answer(row);
      if (seen.state === 'running' && row.status === 'pending') {
        this.#change(row, { status: 'running', startedAt: seen.startedAt ?? this.#now });
      }
      if (seen.state !== 'running') await this.#settle(row, seen);
    }
    return taken;
  }

  async #follow(row: Step, seen: JournalStep): Promise<number> {
    if (seen.state === 'skipped') return 0;
    let pump = this.#pumps.get(row.number);
    if (!pump) {
      // Most steps of most jobs are short, and many print nothing: those get no log at all.
      if ((await sizeWithin(this.#a.controlDir, this.#outputOf(row.number))) === 0) return 0;
      pump = await this.#openPump(row.number);
      this.#pumps.set(row.number, pump);
    }
    const taken = await pump.pump(this.#a.context.now);
    if (taken > 0) this.#change(row, { lines: pump.writer.shownLines });
    return taken;
  }

  #outputOf(number: number): string {
    return `steps/${number}/out`;
  }

  #openPump(number: number): Promise<LogPump> {
    const log = this.#a.context.files.log(this.#a.context.job.id, number);
    return LogPump.open(
      log,
      join(this.#a.controlDir, this.#outputOf(number)),
      this.#a.masker.open(),
      this.#a.controlDir,
    );
  }

  /** A step ended or was skipped: takes the rest of its log and notes how it ended. */
  async #settle(row: Step, seen: JournalStep): Promise<void> {
    if (seen.state === 'ended' && row.kind !== 'run') await this.#asking.get(row.number);
    const asked = this.#asked.get(row.number);
    const pump = this.#pumps.get(row.number) ?? (asked && (await this.#openPump(row.number)));
    if (pump) {
      while ((await pump.pump(this.#a.context.now)) > 0);
      if (asked) await pump.writer.note(`Millrace ended this step: ${asked.reason}`, this.#now);
      await pump.finish(this.#a.context.now);
      this.#pumps.delete(row.number);
      this.#change(row, { lines: pump.writer.shownLines });
    }
    this.#finished.add(row.number);
    if (seen.state === 'skipped') {
      this.#change(row, { status: 'not_run' });
      return;
    }
    const code = seen.exitCode ?? 0;
    const stopped = this.#stopping !== undefined && code !== 0 && (seen.endedAt ?? 0) >= this.#stopping.at - 50;
    this.#change(row, {
      status: code === 0 ? 'success' : stopped ? 'canceled' : 'failed',
      exitCode: code,
      startedAt: seen.startedAt ?? row.startedAt,
      finishedAt: seen.endedAt ?? this.#now,
    });
  }

  /** The driver is at its end: what is still open (background steps, a step whose place was lost) is closed too. */
  async #finishAll(): Promise<void> {
    await this.#advance();
    await Promise.allSettled(this.#asking.values());
    for (const row of this.#a.steps) {
      if (row.number === 0 || this.#finished.has(row.number)) continue;
      const seen = this.#follower.journal.steps.get(row.number);
      if (!seen) {
        this.#change(row, { status: 'not_run' });
        continue;
      }
      const pump = this.#pumps.get(row.number);
      await pump?.finish(this.#a.context.now);
      if (pump) this.#pumps.delete(row.number);
      const ended = this.#stopping ? 'canceled' : 'failed';
      this.#change(row, {
        status: row.background ? 'success' : ended,
        startedAt: seen.startedAt ?? row.startedAt,
        finishedAt: this.#now,
        ...(pump ? { lines: pump.writer.shownLines } : {}),
      });
    }
    await this.#save(true);
  }

  #change(row: Step, change: Partial<Step>): void {
    Object.assign(row, change);
    this.#changed.set(row.number, row);
  }

  async #save(now: boolean): Promise<void> {
    if (this.#changed.size === 0 || (!now && this.#now - this.#savedAt < saveEveryMs)) return;
    const changed = [...this.#changed.values()];
    this.#changed.clear();
    await this.#a.save(changed);
    this.#savedAt = this.#now;
  }

  /** Does a step the driver asked for, once at a time, and answers. */
  #answer(row: Step): void {
    if (this.#asking.has(row.number)) return;
    const performed = this.#perform(row, this.#planned(row.number)).catch(async (error: unknown) => {
      // Its log or its answer could not be written: the driver still waits, so it is done again.
      this.#a.log.warn(
        { err: error, jobId: this.#a.context.job.id, step: row.number },
        'a step of a job could not be answered',
      );
      await sleep(1000, undefined, { ref: false });
      if (!this.#closed) this.#asking.delete(row.number);
    });
    this.#asking.set(row.number, performed);
  }

  #planned(number: number): PlannedStep {
    return this.#a.context.job.spec.steps[number - 1]!;
  }

  async #perform(row: Step, step: PlannedStep): Promise<void> {
    const { controlDir, context, masker } = this.#a;
    // Answered before a restart, but not yet read by the driver, which `tellAlive` wakes.
    if ((await sizeWithin(controlDir, `steps/${row.number}/answer`)) > 0) return;
    const log = await NoteLog.open(context.files.log(context.job.id, row.number), context.now, masker.text);
    const { journal } = this.#follower;
    let code: number;
    try {
      const asked: JobContext = {
        ...context,
        number: row.number,
        home: journal.home ?? '/',
        workingDirectory: journal.workingDirectory ?? '/',
        owner: { uid: journal.uid ?? 0, gid: journal.gid ?? 0 },
        say: (line) => log.say(line),
      };
      code = await this.#persist(asked, step, log);
    } catch (error) {
      // Whoever attends the job next does the step again; a place that is lost for good takes no answer.
      if (this.#closed || this.#lost !== undefined) return log.close();
      log.say(`Error: ${error instanceof Error ? error.message : String(error)}`);
      code = 1;
    }
    await log.close();
    this.#change(row, { lines: log.lines });
    await tellAnswer(controlDir, row.number, code);
  }

  /** Does the step, again when the place came back after it could not be reached, until the place is lost for good. */
  async #persist(asked: JobContext, step: PlannedStep, log: NoteLog): Promise<number> {
    const lost = this.#a.place.lost.then((reason) => Promise.reject(new Error(reason)));
    lost.catch(() => {});
    const began = this.#now;
    for (;;) {
      try {
        return await Promise.race([performStep(asked, step), lost]);
      } catch (error) {
        // A store of ours that is away is no fault of the job.
        const store = this.#now - began < storeAwayMs ? awayFault(error) : undefined;
        if (!store && !isAway(error)) throw error;
        log.say(store ? `${store.message}; trying again` : `${(error as Fault).message}; trying again until it does`);
        await Promise.race([sleep(1000, undefined, { ref: false }), lost]);
      }
    }
  }

  /** Signals a group of the place; false when the place cannot be reached at the moment. */
  async #signal(group: number, name: 'TERM' | 'KILL'): Promise<boolean> {
    try {
      await this.#a.place.signal(group, name);
      return true;
    } catch (error) {
      if (!isAway(error)) throw error;
      return false;
    }
  }

  /** Answers a job that asks for its run to be continued, or for a token. */
  async #answerJob(): Promise<void> {
    const { onContinue, onToken, controlDir } = this.#a;
    const body = onContinue && (await readContinueRequest(controlDir));
    if (onContinue && body !== undefined) await answerContinue(controlDir, await onContinue(body));
    const claims = onToken && (await readTokenRequest(controlDir));
    if (onToken && claims !== undefined) await answerToken(controlDir, await onToken(claims));
  }

  async #enforce(): Promise<void> {
    const action = intervene(this.#watch(), this.#now);
    if (action) await this.#do(action);
  }

  #watch(): Watch {
    const open = [...this.#follower.journal.steps].find(
      ([number, step]) => step.state === 'running' && !this.#isBackground(number),
    );
    const watch: Watch = {
      jobStartedAt: this.#a.jobStartedAt,
      jobTimeoutMs: this.#a.jobTimeoutMs,
      cancelRequested: this.#a.cancelRequested(),
      stopping: this.#stopping,
    };
    if (!open) return watch;
    const [number, step] = open;
    const planned = this.#planned(number);
    const pump = this.#pumps.get(number);
    watch.step = {
      number,
      startedAt: step.startedAt ?? this.#now,
      lastOutputAt: pump?.lastOutputAt ?? 0,
      noOutputTimeoutMs: planned.kind === 'run' ? planned.noOutputTimeoutMs : Number.POSITIVE_INFINITY,
      outputBytes: pump?.outputBytes ?? 0,
      asked: this.#asked.get(number),
    };
    return watch;
  }

  #isBackground(number: number): boolean {
    return this.#a.steps.some((row) => row.number === number && row.background);
  }

  async #do(action: Intervention): Promise<void> {
    const group = (number: number | undefined): number =>
      (number === undefined ? 0 : this.#follower.journal.steps.get(number)?.group) ?? 0;
    if (action.kind === 'stop-job') {
      this.#stopping = { at: this.#now, why: action.why, killed: false };
      await tellCanceled(this.#a.controlDir);
      await this.#signal(group(this.#watch().step?.number), 'TERM');
    } else if (action.kind === 'ask-step') {
      this.#asked.set(action.step, { at: this.#now, killed: false, reason: action.reason });
      await this.#signal(group(action.step), 'TERM');
    } else if (action.kind === 'kill-step') {
      if (!(await this.#signal(group(action.step), 'KILL'))) return;
      const asked = this.#asked.get(action.step);
      if (asked) asked.killed = true;
      if (this.#stopping) this.#stopping.killed = true;
    } else {
      await tellHalted(this.#a.controlDir);
      await this.#signal(group(this.#watch().step?.number), 'KILL');
      this.#lost ??= 'Its cleaning steps took too long after it was stopped';
    }
  }
}
