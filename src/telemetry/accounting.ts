import type { Clock } from '../kernel/clock.ts';

export interface SourceAccount {
  projectId: string | null;
  type: string;
  accepted: number;
  dropped: number;
  reasons: Record<string, number>;
}

/** Reasons of one source that are told apart: some name what senders chose. */
const mostReasons = 200;

/** Records of one source that came in in one hour: accepted, or dropped for a reason. */
export interface Counted {
  /** Its begin, Unix ms. */
  hour: number;
  projectId: string | null;
  type: string;
  /** Empty for what was accepted. */
  reason: string;
  count: number;
}

const hourMs = 3_600_000;

/** Counts what came in and what was refused, by project and event type, since the server started and since it was last taken. */
export class Accounting {
  readonly #clock: Clock | undefined;
  readonly #sources = new Map<string, SourceAccount>();
  #untaken = new Map<string, Counted>();

  /** Without a clock nothing is counted by the hour. */
  constructor(clock?: Clock) {
    this.#clock = clock;
  }

  /** What was counted since the last time this was asked. */
  take(): Counted[] {
    const counted = [...this.#untaken.values()];
    this.#untaken = new Map();
    return counted;
  }

  /** Takes back what could not be written down. */
  giveBack(counted: readonly Counted[]): void {
    for (const one of counted) this.#add(one);
  }

  #add(one: Counted): void {
    const key = JSON.stringify([one.hour, one.projectId, one.type, one.reason]);
    const known = this.#untaken.get(key);
    if (known) known.count += one.count;
    else this.#untaken.set(key, { ...one });
  }

  #count(source: SourceAccount, reason: string, count: number): void {
    if (!this.#clock) return;
    const hour = Math.floor(this.#clock.now() / hourMs) * hourMs;
    this.#add({ hour, projectId: source.projectId, type: source.type, reason, count });
  }

  #of(projectId: string | null, type: string): SourceAccount {
    const key = `${projectId ?? ''} ${type}`;
    let source = this.#sources.get(key);
    if (!source) {
      source = { projectId, type, accepted: 0, dropped: 0, reasons: {} };
      // Type names come from outside; past a bound they share one account.
      if (this.#sources.size >= 5000) {
        const rest = this.#sources.get('rest') ?? { ...source, projectId: null, type: 'other' };
        this.#sources.set('rest', rest);
        return rest;
      }
      this.#sources.set(key, source);
    }
    return source;
  }

  accepted(projectId: string | null, type: string, count: number): void {
    const source = this.#of(projectId, type);
    source.accepted += count;
    this.#count(source, '', count);
  }

  dropped(projectId: string | null, type: string, reason: string, count: number): void {
    const source = this.#of(projectId, type);
    source.dropped += count;
    const isNew = !Object.hasOwn(source.reasons, reason);
    const known = isNew && Object.keys(source.reasons).length >= mostReasons ? 'other reasons' : reason;
    source.reasons[known] = (source.reasons[known] ?? 0) + count;
    this.#count(source, known, count);
  }

  list(): SourceAccount[] {
    return sorted([...this.#sources.values()]);
  }
}

const sorted = (sources: SourceAccount[]): SourceAccount[] =>
  sources.sort((a, b) => b.accepted + b.dropped - a.accepted - a.dropped);

/** Counts as accounts of their sources, the largest first. */
export function accountsOf(counts: readonly Omit<Counted, 'hour'>[]): SourceAccount[] {
  const sources = new Map<string, SourceAccount>();
  for (const { projectId, type, reason, count } of counts) {
    const key = JSON.stringify([projectId, type]);
    const source = sources.get(key) ?? { projectId, type, accepted: 0, dropped: 0, reasons: {} };
    sources.set(key, source);
    if (reason === '') source.accepted += count;
    else {
      source.dropped += count;
      source.reasons[reason] = (source.reasons[reason] ?? 0) + count;
    }
  }
  return sorted([...sources.values()]);
}
