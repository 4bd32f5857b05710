import type { Moment, Query, Timeseries, TimeUnit, Width } from './ast.ts';
import { weekdays } from './moments.ts';
import { NrqlError } from './problems.ts';
import { isTimeZone, type WallClock, wallClock, zonedTime } from './zones.ts';

/** Half-open span of time in Unix milliseconds. */
export interface Window {
  since: number;
  until: number;
}

export interface Buckets {
  /** Begin of the first bucket, Unix milliseconds. */
  begin: number;
  widthMs: number;
  /** Distance from one bucket's begin to the next; smaller than the width with SLIDE BY. */
  stepMs: number;
  count: number;
}

const day = 86_400_000;
export const unitMs: Record<TimeUnit, number> = {
  millisecond: 1,
  second: 1000,
  minute: 60_000,
  hour: 3_600_000,
  day,
  week: 7 * day,
  month: 30 * day,
  quarter: 91 * day,
  year: 365 * day,
};

/** The longest list of buckets a query may ask for. */
const maxBuckets = 366;

export function resolveWindow(
  query: { since: Moment | null; until: Moment | null },
  now: number,
  zone: string,
  fallback: Window = { since: now - unitMs.hour, until: now },
): Window {
  const until = query.until ? instantOf(query.until, now, zone, 'until') : fallback.until;
  // Without SINCE the hour before UNTIL is meant.
  const since = query.since
    ? instantOf(query.since, now, zone, 'since')
    : query.until
      ? until - unitMs.hour
      : fallback.since;
  if (since >= until) {
    const place = query.since ?? query.until ?? { at: 0, end: 0 };
    throw new NrqlError(place, 'SINCE lies after UNTIL', 'SINCE is the earlier of the two.');
  }
  return { since, until };
}

/** A point in time as Unix milliseconds. */
function instantOf(moment: Moment, now: number, zone: string, side: 'since' | 'until'): number {
  switch (moment.kind) {
    case 'now':
      return now;
    case 'epoch':
      return moment.ms;
    case 'ago':
      return now - moment.amount * unitMs[moment.unit];
    case 'day':
      return dayOf(moment.day, moment.clock, now, zone);
    case 'period':
      return periodOf(moment.which, moment.unit, now, zone);
    case 'written':
      return written(moment, now, zone, side);
    case 'variable':
      throw new NrqlError(moment, `{{${moment.name}}} has no value here`, 'Write a time, such as 1 hour ago.');
  }
}

function startOfDay(now: number, zone: string, shift = 0): number {
  const at = wallClock(now, zone);
  return zonedTime({ ...at, day: at.day + shift, hour: 0, minute: 0, second: 0, ms: 0 }, zone);
}

function dayOf(name: string, clock: string | null, now: number, zone: string): number {
  let shift = 0;
  if (name === 'yesterday') shift = -1;
  else if (name !== 'today') {
    const today = new Date(Date.UTC(...dateParts(wallClock(now, zone)))).getUTCDay();
    shift = -((today - weekdays.indexOf(name as (typeof weekdays)[number]) + 7) % 7);
  }
  const begin = startOfDay(now, zone, shift);
  if (clock === null) return begin;
  const [hour = 0, minute = 0, second = 0] = clock.split(':').map(Number);
  return zonedTime({ ...wallClock(begin, zone), hour, minute, second, ms: 0 }, zone);
}

const dateParts = (at: WallClock): [number, number, number] => [at.year, at.month - 1, at.day];

function periodOf(which: 'this' | 'last', unit: TimeUnit, now: number, zone: string): number {
  const at = wallClock(now, zone);
  const back = which === 'last' ? 1 : 0;
  const midnight = { ...at, hour: 0, minute: 0, second: 0, ms: 0 };
  switch (unit) {
    case 'week': {
      const weekday = (new Date(Date.UTC(...dateParts(at))).getUTCDay() + 6) % 7;
      return zonedTime({ ...midnight, day: at.day - weekday - 7 * back }, zone);
    }
    case 'month':
      return zonedTime({ ...midnight, month: at.month - back, day: 1 }, zone);
    case 'quarter':
      return zonedTime({ ...midnight, month: at.month - ((at.month - 1) % 3) - 3 * back, day: 1 }, zone);
    case 'year':
      return zonedTime({ ...midnight, year: at.year - back, month: 1, day: 1 }, zone);
    case 'day':
      return zonedTime({ ...midnight, day: at.day - back }, zone);
    default: {
      const width = unitMs[unit];
      return Math.floor(now / width) * width - back * width;
    }
  }
}

const written_ =
  /^(?:(\d{4})-(\d{1,2})-(\d{1,2}))?(?:[ T]*(\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?)?\s*(AM|PM)?\s*(Z|[+-]\d{2}:?\d{2}|\[?[A-Za-z_]+\/[A-Za-z_/]+\]?)?\s*(AM|PM)?$/i;

function written(
  moment: Extract<Moment, { kind: 'written' }>,
  now: number,
  zone: string,
  side: 'since' | 'until',
): number {
  const match = written_.exec(moment.text.trim());
  const [, year, month, date, hour, minute, second, fraction, am, offset, pm] = match ?? [];
  if (!match || (year === undefined && hour === undefined)) {
    throw new NrqlError(
      moment,
      `'${moment.text}' is not a date`,
      "Write '2026-01-31 09:00', with a zone if wanted: '2026-01-31T09:00Z'.",
    );
  }
  const half = (am ?? pm)?.toUpperCase();
  let hours = Number(hour ?? 0);
  if (half === 'PM' && hours < 12) hours += 12;
  if (half === 'AM' && hours === 12) hours = 0;
  const today = wallClock(now, zone);
  const at: WallClock = {
    year: Number(year ?? today.year),
    month: Number(month ?? today.month),
    day: Number(date ?? today.day),
    hour: hours,
    minute: Number(minute ?? 0),
    second: Number(second ?? 0),
    ms: Number(`0.${fraction ?? 0}`) * 1000,
  };
  if (at.month < 1 || at.month > 12 || at.day < 1 || at.day > 31 || hours > 23 || at.minute > 59 || at.second > 59) {
    throw new NrqlError(moment, `'${moment.text}' is not a date of the calendar`);
  }
  const named = offset?.replace(/[[\]]/g, '');
  const fixed = named && /^[+-]\d{2}:?\d{2}$/.exec(named);
  let instant: number;
  if (named?.toUpperCase() === 'Z') instant = zonedTime(at, 'UTC');
  else if (fixed) {
    const minutes = Number(named!.slice(1, 3)) * 60 + Number(named!.slice(-2));
    instant = zonedTime(at, 'UTC') - (named!.startsWith('-') ? -minutes : minutes) * 60_000;
  } else {
    if (named && !isTimeZone(named)) throw new NrqlError(moment, `"${named}" is not a time zone`);
    instant = zonedTime(at, named ?? zone);
  }
  // A time of day that is still to come means yesterday's.
  return year === undefined && side === 'since' && instant > now ? instant - day : instant;
}

/** A query over a window chosen elsewhere: its own times do not count, and buckets that would be too many grow. */
export function overWindow(query: Query, window: Window): Query {
  const { timeseries } = query;
  const span = window.until - window.since;
  const tooMany = ({ amount, unit }: { amount: number; unit: TimeUnit }) => span / (amount * unitMs[unit]) > maxBuckets;
  const step = timeseries?.slide ?? timeseries?.width;
  return {
    ...query,
    since: null,
    until: null,
    timeseries:
      timeseries && step?.kind === 'fixed' && tooMany(step)
        ? { ...timeseries, width: { kind: 'max', at: step.at, end: step.end }, slide: null }
        : timeseries,
  };
}

const autoWidths = [
  1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 21_600, 43_200, 86_400, 604_800, 2_592_000,
].map((seconds) => seconds * 1000);

/** The buckets of TIMESERIES over a window: aligned to its end; the first one is whole, so the begin may move back. */
export function resolveBuckets(timeseries: Timeseries, window: Window): Buckets {
  const span = window.until - window.since;
  const widthOf = (width: Width, least: number): number => {
    switch (width.kind) {
      case 'fixed':
        return Math.round(width.amount * unitMs[width.unit]);
      case 'auto':
        return Math.max(least, autoWidths.find((candidate) => span / candidate <= 60) ?? Math.ceil(span / 60));
      case 'max':
        return Math.max(least, finest(span));
      case 'variable':
        throw new NrqlError(width, `{{${width.name}}} has no value here`);
    }
  };
  const widthMs = widthOf(timeseries.width, 1000);
  if (widthMs < 1) throw new NrqlError(timeseries.width, 'A bucket is at least one millisecond wide');
  const stepMs = timeseries.slide ? Math.min(widthMs, widthOf(timeseries.slide, 1000)) : widthMs;
  if (stepMs < 1) throw new NrqlError(timeseries, 'SLIDE BY is at least one millisecond');
  const count = Math.max(1, Math.ceil((span - widthMs) / stepMs - 1e-9) + 1);
  if (count > maxBuckets) {
    const enough = Math.ceil(span / maxBuckets / 1000);
    throw new NrqlError(
      timeseries,
      `This makes ${count} buckets, and ${maxBuckets} are allowed`,
      `Use TIMESERIES MAX, a width of at least ${enough} seconds, or a shorter window.`,
    );
  }
  return { begin: window.until - widthMs - (count - 1) * stepMs, widthMs, stepMs, count };
}

/** The narrowest width of whole minutes (whole seconds below one) that stays within the bucket limit. */
function finest(span: number): number {
  const least = span / maxBuckets;
  const grain = least > 30_000 ? 60_000 : 1000;
  return Math.max(1000, Math.ceil(least / grain) * grain);
}
