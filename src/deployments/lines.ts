import { joinLines, mayGoOn } from '../platform/lines/join.ts';
import { shapeLine } from '../platform/lines/shape.ts';
import type { TelemetryRecord } from '../platform/observe/telemetry-sink.ts';
import type { DeploymentsDeps } from './deps.ts';
import { storeLines } from './store/instances.ts';

/** Lines waiting for telemetry; beyond it the oldest of an instance are dropped and the loss is said. */
const mostWaiting = 50_000;
const mostAtOnce = 5000;
const longestLine = 32_768;
/** The row of a new instance is written when it is first looked at; its lines wait for it that long. */
const rowWithinMs = 10_000;
/** A stack that is being written is waited for until nothing came for so long, but not longer than that. */
const quietMs = 250;
const patientMs = 2000;
/** How far back the beginning of such a stack is looked for. */
const linesBack = 50;
/** Keeps positions of lines apart; more than a double loses of a time in milliseconds. */
const step = 0.001;

export interface LineScope {
  instanceId: string;
  projectId: string;
  service: string;
  environment: string;
  /** Null for backing services. */
  release: string | null;
  deploymentId: string | null;
  mask: (text: string) => string;
}

interface WaitingLine {
  /** Its time, or a little later: no two lines of an instance have the same. */
  position: number;
  text: string;
  stream: 'stdout' | 'stderr';
  at: number;
  /** Unix milliseconds when it came here. */
  came: number;
  scope: LineScope;
}

/** The output of one instance. */
interface LineStream {
  /** Lines up to this position are in telemetry. */
  after: number;
  /** Lines up to this position are about to be, or are already: a server may have been killed in between. */
  sending: number | null;
  lastPosition: number;
  waiting: WaitingLine[];
  /** Unix milliseconds when its first line came. */
  since: number;
  ended: boolean;
}

/**
 * Brings the output of services into telemetry as Log records, each line once: what is sent next is stored before, so that a
 * server that takes up after a killed one sends exactly that again, under the same key.
 */
export class ServiceLines {
  readonly #deps: Pick<DeploymentsDeps, 'database' | 'telemetry' | 'log'>;
  readonly #streams = new Map<string, LineStream>();
  #count = 0;
  #dropped = 0;
  #flushing: Promise<void> | undefined;
  #closing = false;
  readonly #timer: NodeJS.Timeout;

  constructor(deps: Pick<DeploymentsDeps, 'database' | 'telemetry' | 'log'>) {
    this.#deps = deps;
    this.#timer = setInterval(() => void this.flush(), 300);
    this.#timer.unref();
  }

  /** An instance is about to be followed, from where an earlier server stood with it. */
  begin(instanceId: string, known: { linesAfter: number | null; linesSending: number | null } | undefined): void {
    const stream = this.#streams.get(instanceId);
    if (stream) stream.ended = false;
    else this.#streams.set(instanceId, streamFrom(known?.linesAfter ?? 0, known?.linesSending ?? null));
  }

  /** No more lines are to come but those on their way. */
  end(instanceId: string): void {
    const stream = this.#streams.get(instanceId);
    if (stream) stream.ended = true;
  }

  add(scope: LineScope, line: string, stream: 'stdout' | 'stderr', at: number): void {
    const of = this.#streams.get(scope.instanceId) ?? streamFrom(0, null);
    this.#streams.set(scope.instanceId, of);
    if (this.#count >= mostWaiting && of.waiting.length > 0) {
      of.waiting.shift();
      this.#count -= 1;
      this.#dropped += 1;
    }
    of.lastPosition = Math.max(at, of.lastPosition + step);
    of.since ||= Date.now();
    this.#count += 1;
    const text = scope.mask(line.slice(0, longestLine));
    of.waiting.push({ position: of.lastPosition, text, stream, at, came: Date.now(), scope });
  }

  flush(): Promise<void> {
    this.#flushing ??= this.#sendAll().finally(() => {
      this.#flushing = undefined;
    });
    return this.#flushing;
  }

  async #sendAll(): Promise<void> {
    if (this.#dropped > 0) {
      this.#deps.log.warn({ lines: this.#dropped }, 'lines of services were dropped: telemetry does not keep up');
      this.#dropped = 0;
    }
    await Promise.all(
      [...this.#streams].map(async ([instanceId, stream]) => {
        try {
          while (await this.#send(instanceId, stream));
          if (stream.ended && stream.waiting.length === 0) this.#streams.delete(instanceId);
        } catch (error) {
          this.#deps.log.warn(
            { err: error, instance: instanceId, lines: stream.waiting.length },
            'lines of services could not be written yet',
          );
        }
      }),
    );
  }

  /** Sends what is next of one instance; false when nothing is, or when the rest of it is still to come. */
  async #send(instanceId: string, stream: LineStream): Promise<boolean> {
    const count = nextCount(stream, this.#closing);
    if (count === undefined) return false;
    const upTo = stream.sending ?? stream.waiting[count - 1]!.position;
    const batch = stream.waiting.slice(0, count);
    if (batch.length > 0) {
      const stored = await storeLines(this.#deps.database, instanceId, stream.after, upTo);
      const mayCome = !stream.ended && Date.now() - stream.since < rowWithinMs;
      if (!stored && mayCome) return false;
      // From here on it is this batch and no other that goes by this key.
      stream.sending = upTo;
      const once = stored ? { once: `lines ${instanceId} ${stream.after}` } : {};
      await this.#deps.telemetry.write(recordsOf(batch), once);
    }
    stream.waiting.splice(0, batch.length);
    this.#count -= batch.length;
    stream.after = upTo;
    stream.sending = null;
    return true;
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#closing = true;
    await this.#flushing;
    await this.flush();
    for (const [instanceId, stream] of this.#streams) {
      if (stream.after > 0 && stream.sending === null)
        await storeLines(this.#deps.database, instanceId, stream.after, null).catch(() => {});
    }
  }
}

const streamFrom = (after: number, sending: number | null): LineStream => ({
  after,
  sending,
  lastPosition: after,
  waiting: [],
  since: 0,
  ended: false,
});

/** How many lines the next batch has; undefined while one that was begun before is not whole again. */
function nextCount({ waiting, sending, ended }: LineStream, isClosing: boolean): number | undefined {
  if (sending === null) {
    if (waiting.length === 0 || (!ended && !isClosing && isUnfinished(waiting))) return undefined;
    return Math.min(waiting.length, mostAtOnce);
  }
  const whole = waiting.findIndex((line) => line.position > sending);
  if (whole >= 0) return whole;
  const last = waiting.at(-1);
  return ended || (last !== undefined && last.position >= sending) ? waiting.length : undefined;
}

/** Whether a stack is being written right now; it would be cut in two. */
function isUnfinished(waiting: readonly WaitingLine[]): boolean {
  const [first, last] = [waiting[0]!, waiting.at(-1)!];
  const now = Date.now();
  if (now - last.came >= quietMs || now - first.came >= patientMs || waiting.length >= mostAtOnce) return false;
  const lines = waiting.slice(-linesBack).filter((line) => line.stream === last.stream);
  return mayGoOn(lines.map((line) => line.text));
}

/** Lines as records: stacks joined, JSON and logfmt taken apart, level and trace found. The same lines make the same records. */
function recordsOf(batch: readonly WaitingLine[]): TelemetryRecord[] {
  const streams = (['stdout', 'stderr'] as const).map((stream) => batch.filter((line) => line.stream === stream));
  return streams
    .flatMap((lines) => joinLines(lines, (line) => line.text, recordOf))
    .sort((one, other) => one.timestamp - other.timestamp);
}

function recordOf({ scope, stream, at }: WaitingLine, text: string): TelemetryRecord {
  const { message, level, traceId, spanId, attributes } = shapeLine(text);
  return {
    type: 'Log',
    timestamp: at,
    projectId: scope.projectId,
    attributes: {
      ...attributes,
      message,
      level: level ?? 'info',
      traceId,
      spanId,
      stream,
      service: scope.service,
      environment: scope.environment,
      release: scope.release,
      deploymentId: scope.deploymentId,
      host: scope.instanceId,
    },
  };
}
