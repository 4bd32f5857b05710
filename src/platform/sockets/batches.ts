import { Fault } from '../../kernel/faults.ts';

export interface BatchOptions<Item> {
  /** Items that wait at most; beyond it {@link Batches.offer} refuses. */
  mostWaiting: number;
  mostAtOnce: number;
  /** How long the first item of a batch waits for others (ms). */
  everyMs: number;
  /** Resolves when they are durable. Called by one batch at a time; what it rejects is tried again. */
  write(items: Item[]): Promise<void>;
  /** These came to nothing: refused for good, or not written when the program stopped. */
  lost(items: Item[], cause: unknown): void;
}

const firstRetryMs = 500;
const longestRetryMs = 10_000;

/**
 * Gathers what comes in drop by drop into batches, for protocols whose senders are not answered: while the spool refuses, items wait here,
 * within bounds, and senders over TCP are read no further.
 */
export class Batches<Item> {
  readonly #options: BatchOptions<Item>;
  #waiting: Item[] = [];
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> | undefined;
  #retryMs = 0;
  #closed = false;
  #wakeUps: (() => void)[] = [];

  constructor(options: BatchOptions<Item>) {
    this.#options = options;
  }

  /** Takes an item if there is room for it. */
  offer(item: Item): boolean {
    if (this.#waiting.length >= this.#options.mostWaiting || this.#closed) return false;
    this.#waiting.push(item);
    this.#schedule();
    return true;
  }

  /** Resolves when at least half of the room is free, or when this is closed. */
  async room(): Promise<void> {
    while (this.#waiting.length > this.#options.mostWaiting / 2 && !this.#closed)
      await new Promise<void>((resolve) => this.#wakeUps.push(resolve));
  }

  #schedule(): void {
    if (this.#writing || this.#timer || this.#closed) return;
    const soon = this.#waiting.length >= this.#options.mostAtOnce && this.#retryMs === 0;
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        this.#begin();
      },
      soon ? 0 : Math.max(this.#options.everyMs, this.#retryMs),
    );
  }

  #begin(): void {
    this.#writing ??= this.#writeNext().finally(() => {
      this.#writing = undefined;
      for (const wake of this.#wakeUps.splice(0)) wake();
      if (this.#waiting.length > 0) this.#schedule();
    });
  }

  async #writeNext(): Promise<void> {
    const batch = this.#waiting.slice(0, this.#options.mostAtOnce);
    if (batch.length === 0) return;
    try {
      await this.#options.write(batch);
      this.#retryMs = 0;
    } catch (error) {
      const passes = !(error instanceof Fault) || error.kind === 'unavailable' || error.kind === 'too-many';
      if (passes) {
        this.#retryMs = Math.min(longestRetryMs, Math.max(firstRetryMs, this.#retryMs * 2));
        return;
      }
      this.#options.lost(batch, error);
    }
    this.#waiting.splice(0, batch.length);
  }

  /** Writes what waits, once; what cannot be written now is lost, and said to be. */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    await this.#writing;
    this.#closed = true;
    clearTimeout(this.#timer);
    let before = -1;
    while (this.#waiting.length > 0 && this.#waiting.length !== before) {
      before = this.#waiting.length;
      await this.#writeNext();
    }
    if (this.#waiting.length > 0) this.#options.lost(this.#waiting.splice(0), new Error('the program stopped'));
    for (const wake of this.#wakeUps.splice(0)) wake();
  }
}
