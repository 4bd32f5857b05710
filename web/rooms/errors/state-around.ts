import type { Answer } from '../../app/api.ts';

type Row = Answer<'telemetry', 'query'>['rows'][number];

interface Happened {
  at: string;
  service: string | null;
  environment: string | null;
  server: string | null;
}

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
/** A check may run as seldom as this. */
const checksBackMs = 15 * minuteMs;

const quoted = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

/**
 * What to ask telemetry about the minute of an event: what its service did in it and in the hour before, what the last checks of its
 * environment said, and how its host stood. Undefined where the event does not say whose.
 */
export function stateQueries({ at, service, environment, server }: Happened) {
  const minute = Math.floor(Date.parse(at) / minuteMs) * minuteMs;
  const within = (from: number, to: number): string => `SINCE ${from} UNTIL ${to}`;
  const inIt = within(minute, minute + minuteMs);
  const ofEnvironment = environment === null ? '' : ` AND environment = ${quoted(environment)}`;
  const work =
    service === null
      ? undefined
      : `SELECT rate(count(*), 1 minute), percentage(count(*), WHERE error IS true), percentile(duration, 95), count(*) FROM Transaction WHERE service = ${quoted(service)}${ofEnvironment}`;
  return {
    during: work && `${work} ${inIt}`,
    before: work && `${work} ${within(minute - hourMs, minute)}`,
    checks:
      environment === null
        ? undefined
        : `SELECT latest(state), latest(message) FROM CheckResult WHERE environment = ${quoted(environment)} FACET name ${within(minute - checksBackMs, minute + minuteMs)} LIMIT 100`,
    host:
      server === null
        ? undefined
        : `SELECT latest(\`node_load1\`), latest(\`system.cpu.load_average.1m\`), latest(\`node_memory_MemAvailable_bytes\`) / latest(\`node_memory_MemTotal_bytes\`) FROM Metric WHERE host = ${quoted(server)} ${within(minute - 5 * minuteMs, minute + minuteMs)}`,
  };
}

/** What a service did in a span of time. */
export interface Work {
  requestsPerMinute: number;
  /** 0 to 100. */
  failedPercent: number;
  /** Seconds. */
  p95: number;
}

/** Reads the answer about a service; undefined when nothing asked it for anything. */
export function workOf(row: Row | undefined): Work | undefined {
  const [rate, failed, p95, count] = row ?? [];
  if (typeof rate !== 'number' || !count) return undefined;
  return { requestsPerMinute: rate, failedPercent: numberOr0(failed), p95: numberOr0(percentileOf(p95)) };
}

/** What the checks said: how many, and those that were not content. */
export function checksOf(rows: readonly Row[]): {
  all: number;
  bad: { name: string; state: string; message: string }[];
} {
  const bad = rows
    .map(([name, state, message]) => ({
      name: String(name ?? ''),
      state: String(state ?? ''),
      message: String(message ?? ''),
    }))
    .filter(({ state }) => state !== 'ok');
  return { all: rows.length, bad };
}

/** Load over a minute, and the share of memory in use (0 to 1); undefined where no metric tells. */
export function hostOf(row: Row | undefined): { load: number | undefined; memory: number | undefined } {
  const [nodeLoad, load, free] = row ?? [];
  const known = [nodeLoad, load].find((value) => typeof value === 'number');
  return { load: known as number | undefined, memory: typeof free === 'number' ? 1 - free : undefined };
}

const numberOr0 = (value: unknown): number => (typeof value === 'number' ? value : 0);
/** A percentile comes alone, or by its number where several were asked for. */
const percentileOf = (value: unknown): unknown =>
  typeof value === 'object' && value !== null ? Object.values(value)[0] : value;
