import type { LogLine, TailQuery } from './api.ts';
import { limits } from './limits.ts';
import { predicateOf } from './log-filter.ts';
import { cursorOf } from './logs.ts';
import type { IntakeRecord } from './port.ts';

/** Someone who follows logs. */
export interface Viewer {
  line(line: LogLine): void;
  /** So many lines came faster than they could be shown. */
  dropped(count: number): void;
}

interface Follower {
  matches: ReturnType<typeof predicateOf>;
  viewer: Viewer;
  backlog: LogLine[];
  dropped: number;
  /** Turns since it was told what it missed. */
  turns: number;
}

const flushMs = 100;
/** One that falls ever further behind is told once a second. */
const turnsUntold = 1000 / flushMs;
const fields = new Set(['message', 'level', 'service', 'environment', 'release', 'traceId', 'spanId']);

/**
 * Hands lines to viewers as they come in, after they are durable; the store is never asked. A viewer that is slower than
 * the lines is told how many it missed.
 */
export class LiveTail {
  readonly #followers = new Set<Follower>();
  #timer: NodeJS.Timeout | undefined;
  #delivered = 0;
  #dropped = 0;

  get busy(): boolean {
    return this.#followers.size > 0;
  }

  stats(): { viewers: number; delivered: number; dropped: number } {
    return { viewers: this.#followers.size, delivered: this.#delivered, dropped: this.#dropped };
  }

  /** Follows until the returned function is called. Undefined when there are too many viewers already. */
  follow(query: TailQuery, viewer: Viewer): (() => void) | undefined {
    if (this.#followers.size >= limits.tail.viewers) return undefined;
    const follower: Follower = { matches: predicateOf(query), viewer, backlog: [], dropped: 0, turns: 0 };
    this.#followers.add(follower);
    this.#timer ??= setInterval(() => this.#flush(), flushMs).unref();
    return () => {
      this.#followers.delete(follower);
      if (this.#followers.size > 0) return;
      clearInterval(this.#timer);
      this.#timer = undefined;
    };
  }

  /** Records that have become durable, with their sequence numbers. */
  publish(records: readonly { record: IntakeRecord; seq: number }[]): void {
    for (const { record, seq } of records) {
      if (record.type !== 'Log') continue;
      let line: LogLine | undefined;
      for (const follower of this.#followers) {
        if (!follower.matches(record)) continue;
        if (follower.backlog.length >= limits.tail.backlog) {
          follower.dropped += 1;
          this.#dropped += 1;
          continue;
        }
        line ??= lineOf(record, seq);
        follower.backlog.push(line);
      }
    }
  }

  #flush(): void {
    const most = Math.ceil((limits.tail.linesPerSecond * flushMs) / 1000);
    for (const follower of this.#followers) {
      for (const line of follower.backlog.splice(0, most)) {
        follower.viewer.line(line);
        this.#delivered += 1;
      }
      if (follower.dropped === 0) continue;
      follower.turns += 1;
      if (follower.backlog.length > 0 && follower.turns < turnsUntold) continue;
      follower.viewer.dropped(follower.dropped);
      follower.dropped = 0;
      follower.turns = 0;
    }
  }
}

function lineOf(record: IntakeRecord, seq: number): LogLine {
  const text = (name: string): string => {
    const value = record.attributes[name];
    return value === undefined || value === null ? '' : String(value);
  };
  const attributes: LogLine['attributes'] = {};
  for (const [name, value] of Object.entries(record.attributes)) {
    if (!fields.has(name) && value !== undefined && value !== null) attributes[name] = value;
  }
  return {
    cursor: cursorOf(Math.round(record.timestamp * 1000), seq),
    at: new Date(record.timestamp).toISOString(),
    message: text('message'),
    level: text('level'),
    projectId: record.projectId,
    service: text('service'),
    environment: text('environment'),
    release: text('release'),
    traceId: text('traceId'),
    spanId: text('spanId'),
    attributes,
  };
}
