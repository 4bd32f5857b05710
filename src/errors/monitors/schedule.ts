import { nextTime, readCron } from '../../kernel/cron.ts';
import { numberOf, objectOf, textOf } from '../lenient.ts';

/** When a job is expected, and how much grace it has. */
export interface MonitorConfig {
  schedule: { type: 'crontab'; value: string } | { type: 'interval'; value: number; unit: IntervalUnit };
  /** IANA name; crontab times are meant in it. */
  timezone: string;
  /** Minutes after the expected time until it counts as missed. */
  margin: number;
  /** Minutes it may run. */
  maxRuntime: number;
  /** Failures in a row that make an issue, and successes in a row that end it. */
  failureThreshold: number;
  recoveryThreshold: number;
}

const units = { minute: 1, hour: 60, day: 1440, week: 10_080, month: 43_200, year: 525_600 } as const;
export type IntervalUnit = keyof typeof units;

const minuteMs = 60_000;
/** Names that stand for whole lines of a crontab. */
const nicknames: Record<string, string> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
};

/** Reads what a client sends as `monitor_config`; null when there is no schedule that can be kept. */
export function readMonitorConfig(value: unknown): MonitorConfig | null {
  const config = objectOf(value);
  const schedule = readSchedule(objectOf(config?.schedule));
  if (!config || !schedule) return null;
  const number = (name: string, otherwise: number, most: number): number => {
    const given = numberOf(config[name]);
    return given === null || given < 1 ? otherwise : Math.min(most, Math.trunc(given));
  };
  return {
    schedule,
    timezone: isTimezone(config.timezone) ? config.timezone : 'UTC',
    margin: number('checkin_margin', 1, 40_320),
    maxRuntime: number('max_runtime', 30, 40_320),
    failureThreshold: number('failure_issue_threshold', 1, 720),
    recoveryThreshold: number('recovery_threshold', 1, 720),
  };
}

function readSchedule(schedule: Record<string, unknown> | null): MonitorConfig['schedule'] | null {
  if (schedule?.type === 'crontab') {
    const written = textOf(schedule.value, 100) ?? '';
    const value = nicknames[written.trim()] ?? written.trim();
    return readCron(value).ok ? { type: 'crontab', value } : null;
  }
  if (schedule?.type !== 'interval') return null;
  const value = numberOf(schedule.value);
  const unit = textOf(schedule.unit, 10) as IntervalUnit | null;
  if (value === null || value < 1 || value > 10_000 || unit === null || !(unit in units)) return null;
  return { type: 'interval', value: Math.trunc(value), unit };
}

function isTimezone(value: unknown): value is string {
  if (typeof value !== 'string' || value === '' || value.length > 64) return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: value });
    return true;
  } catch {
    return false;
  }
}

/** When the next run is expected after a time (Unix ms); null when the schedule never comes again. */
export function nextExpected({ schedule, timezone }: MonitorConfig, after: number): number | null {
  if (schedule.type === 'interval') return after + schedule.value * units[schedule.unit] * minuteMs;
  const read = readCron(schedule.value);
  if (!read.ok) return null;
  const local = nextTime(read.cron, after + offsetOf(timezone, after));
  if (local === undefined) return null;
  // The offset may be another one by then (summer time).
  const guess = local - offsetOf(timezone, after);
  const next = local - offsetOf(timezone, guess);
  return next > after ? next : after + minuteMs;
}

/** What a time zone is ahead of UTC at a time (ms). */
function offsetOf(timezone: string, at: number): number {
  if (timezone === 'UTC') return 0;
  const parts = new Intl.DateTimeFormat('en-US', {
    timeZone: timezone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  }).formatToParts(at);
  const part = (type: string): number => Number(parts.find((one) => one.type === type)?.value ?? 0);
  const wall = Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second'));
  return wall - Math.floor(at / 1000) * 1000;
}
