import { numberOf, objectOf, textOf } from '../lenient.ts';
import { type MonitorConfig, nextExpected, readMonitorConfig } from './schedule.ts';

/** What a job says of one of its runs. */
export interface CheckIn {
  slug: string;
  /** 32 hexadecimal digits; null for the latest one that is open. */
  id: string | null;
  status: 'in_progress' | 'ok' | 'error';
  /** Milliseconds, when the client measured. */
  duration: number | null;
  environment: string;
  release: string | null;
  /** Sent along by jobs that register themselves. */
  config: MonitorConfig | null;
}

/** Reads a check-in; null for one without a monitor or with a status that is none. */
export function readCheckIn(payload: unknown): CheckIn | null {
  const body = objectOf(payload);
  const slug = slugOf(textOf(body?.monitor_slug, 200));
  const status = textOf(body?.status, 20);
  if (!body || slug === null || (status !== 'in_progress' && status !== 'ok' && status !== 'error')) return null;
  const id = typeof body.check_in_id === 'string' ? body.check_in_id.replaceAll('-', '').toLowerCase() : '';
  const seconds = numberOf(body.duration);
  return {
    slug,
    id: /^[0-9a-f]{32}$/.test(id) && !/^0+$/.test(id) ? id : null,
    status,
    duration: seconds === null || seconds < 0 || seconds > 1e8 ? null : Math.round(seconds * 1000),
    environment: textOf(body.environment, 64)?.trim() || 'production',
    release: textOf(body.release, 200),
    config: readMonitorConfig(body.monitor_config),
  };
}

/** The name as addresses have it. */
export function slugOf(name: string | null): string | null {
  const slug = (name ?? '')
    .toLowerCase()
    .replace(/[^a-z0-9_-]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 50);
  return slug === '' ? null : slug;
}

/** How one job stands in one environment. */
export interface MonitorState {
  status: 'waiting' | 'ok' | 'error' | 'missed' | 'timeout';
  /** When the next run is expected (Unix ms); null without a schedule. */
  nextAt: number | null;
  failures: number;
  successes: number;
  /**
   * `opened` and `closed` wait to be told (an issue made, an issue resolved); `told` is an incident that goes on. Kept with the state so
   * that no crash loses it.
   */
  incident: 'none' | 'opened' | 'told' | 'closed';
  /** Start of the incident, Unix ms. */
  incidentAt: number | null;
}

export const untouched: MonitorState = {
  status: 'waiting',
  nextAt: null,
  failures: 0,
  successes: 0,
  incident: 'none',
  incidentAt: null,
};

export type RunEnd = 'ok' | 'error' | 'missed' | 'timeout';

/** What the end of a run makes of the state. `at` is when it became known, Unix ms. */
export function afterRun(state: MonitorState, end: RunEnd, config: MonitorConfig | null, at: number): MonitorState {
  const [failureThreshold, recoveryThreshold] = [config?.failureThreshold ?? 1, config?.recoveryThreshold ?? 1];
  const next: MonitorState = {
    ...state,
    status: end,
    failures: end === 'ok' ? 0 : state.failures + 1,
    successes: end === 'ok' ? state.successes + 1 : 0,
  };
  if ((state.incident === 'none' || state.incident === 'closed') && next.failures >= failureThreshold) {
    return { ...next, incident: 'opened', incidentAt: at };
  }
  if ((state.incident === 'told' || state.incident === 'opened') && next.successes >= recoveryThreshold) {
    return { ...next, incident: state.incident === 'told' ? 'closed' : 'none' };
  }
  return next;
}

/** The expectation after a run was heard of, or after one was missed at `from`. */
export const expectAfter = (state: MonitorState, config: MonitorConfig | null, from: number): MonitorState => ({
  ...state,
  nextAt: config && nextExpected(config, from),
});

/** How long after its expected time a run began, when that is more than a minute (ms); else null. */
export function lateness(state: MonitorState, startedAt: number): number | null {
  const late = state.nextAt === null ? 0 : startedAt - state.nextAt;
  return late > 60_000 ? late : null;
}
