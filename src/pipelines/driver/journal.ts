/** What is known of one step from the driver's journal. Times are Unix milliseconds. */
export interface JournalStep {
  state: 'running' | 'ended' | 'skipped';
  startedAt?: number | undefined;
  endedAt?: number | undefined;
  exitCode?: number | undefined;
  /** Process group of its script, as seen inside the place; 0 for a request to the server. */
  group: number;
  /** Attempts that failed and were made again. */
  retried: number;
}

export interface Journal {
  /** `begin` was made and the first line written: the driver runs. */
  begun: boolean;
  uid?: number | undefined;
  gid?: number | undefined;
  home?: string | undefined;
  workingDirectory?: string | undefined;
  steps: Map<number, JournalStep>;
  ended?: { at: number; failed: boolean } | undefined;
}

/**
 * Reads the driver's journal as it grows. A line is `<letter> <number> <clock> <value>`:
 * b begun, u user and group ids, h home, w working directory, s step started (process group), r attempt failed and is made again
 * (exit status), e step ended (exit status), k step skipped, x all ended (1 when a step failed).
 * The clock is seconds since boot (what a shell can read without starting a program) or, without /proc, since 1970;
 * `beganAt` is the file time of `begin`, made at the instant of the first clock, and ties the two together. A job can write to its journal:
 * whatever it writes, numbers come out whole and times are times.
 */
export class JournalReader {
  readonly journal: Journal = { begun: false, steps: new Map() };
  #rest = '';
  #offsetMs = 0;
  readonly #beganAt: () => number;

  constructor(beganAt: () => number) {
    this.#beganAt = beganAt;
  }

  /** Takes the next bytes; an unfinished line waits for its rest. Unknown lines are passed over. */
  push(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop()!;
    for (const line of lines) this.#take(line);
  }

  #take(line: string): void {
    const journal = this.journal;
    const letter = line[0];
    const rest = line.slice(2);
    const [first = '', second = '', third = ''] = rest.split(' ');
    const number = whole(first, -1);
    if (letter === 'b') {
      journal.begun = true;
      const clock = Number(first);
      this.#offsetMs = clock > 1e9 ? 0 : this.#beganAt() - clock * 1000;
    } else if (letter === 'u') {
      journal.uid = whole(first, 0);
      journal.gid = whole(second, 0);
    } else if (letter === 'h') {
      journal.home = rest;
    } else if (letter === 'w') {
      journal.workingDirectory = rest;
    } else if (letter === 'x') {
      journal.ended = { at: this.#time(first), failed: second !== '0' };
    } else if (number < 0) {
      return;
    } else if (letter === 'k') {
      journal.steps.set(number, { state: 'skipped', group: 0, retried: 0 });
    } else if (letter === 's') {
      const before = journal.steps.get(number);
      journal.steps.set(number, {
        state: 'running',
        startedAt: before?.startedAt ?? this.#time(second),
        group: whole(third, 0),
        retried: before?.retried ?? 0,
      });
    } else if (letter === 'r' || letter === 'e') {
      const step = journal.steps.get(number);
      if (!step) return;
      if (letter === 'r') step.retried += 1;
      else Object.assign(step, { state: 'ended', endedAt: this.#time(second), exitCode: whole(third, 1) });
    }
  }

  #time(clock: string): number {
    const time = Math.round(this.#offsetMs + Number(clock) * 1000);
    return time >= 0 && time < latestMs ? time : Math.round(this.#beganAt());
  }
}

/** The year 3000. */
const latestMs = 32_503_680_000_000;

const whole = (text: string, otherwise: number): number => (/^\d{1,9}$/.test(text) ? Number(text) : otherwise);
