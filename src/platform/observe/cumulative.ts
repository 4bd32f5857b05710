interface Seen {
  start: number;
  values: number[];
}

/**
 * Last values of cumulative series, so that each point can be stored as what was added since the one before. The least recently
 * heard of are forgotten first.
 */
export class CumulativeState {
  readonly #series = new Map<string, Seen>();
  readonly #since: number;
  readonly #most: number;

  /** `since`: Unix milliseconds from which on senders were listened to; `most`: series that are remembered. */
  constructor(since: number, most: number) {
    this.#since = since;
    this.#most = most;
  }

  /** For the points of one request: what they change is taken back when they could not be stored. */
  begin(): CumulativeChanges {
    return new CumulativeChanges(this.#series, this.#since, this.#most);
  }
}

export class CumulativeChanges {
  readonly #series: Map<string, Seen>;
  readonly #since: number;
  readonly #most: number;
  /** What each series was before this request, and what the request made of it. */
  readonly #changed = new Map<string, { before: Seen | undefined; after: Seen }>();

  constructor(series: Map<string, Seen>, since: number, most: number) {
    this.#series = series;
    this.#since = since;
    this.#most = most;
  }

  /**
   * What was added since the series' last point; the first of `values` must be one that only grows. Of a series never heard of:
   * everything when it began after we listened, else undefined, since what was counted before cannot be told from what is new.
   * A series that restarted counts from zero.
   */
  added(key: string, start: number, values: number[]): number[] | undefined {
    const before = this.#series.get(key);
    const after = { start, values };
    this.#changed.set(key, { before: this.#changed.has(key) ? this.#changed.get(key)!.before : before, after });
    this.#series.delete(key);
    this.#series.set(key, after);
    if (this.#series.size > this.#most) this.#series.delete(this.#series.keys().next().value!);
    if (!before) return start >= this.#since ? values : undefined;
    // The first value only ever grows; a sum of negative values may shrink without a restart.
    const restarted =
      before.start !== start || before.values.length !== values.length || values[0]! < before.values[0]!;
    return restarted ? values : values.map((value, index) => value - before.values[index]!);
  }

  /** Stores the points; when that fails, the sender's next try counts from where the last success was. Rejects as `store` does. */
  async keepIf(store: () => Promise<void>): Promise<void> {
    try {
      await store();
    } catch (error) {
      for (const [key, { before, after }] of this.#changed) {
        // Another request has gone on from here: its points count, and this one's are in them.
        if (this.#series.get(key) !== after) continue;
        if (before) this.#series.set(key, before);
        else this.#series.delete(key);
      }
      throw error;
    }
  }
}
