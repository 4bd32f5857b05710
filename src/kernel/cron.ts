/** A point of time that comes again and again, as POSIX `crontab` writes it, in UTC. */
export interface Cron {
  minutes: ReadonlySet<number>;
  hours: ReadonlySet<number>;
  /** 1 to 31. */
  days: ReadonlySet<number>;
  /** 1 to 12. */
  months: ReadonlySet<number>;
  /** 0 is Sunday. */
  weekdays: ReadonlySet<number>;
  /** Both fields of days are restricted: then a day of either will do. */
  eitherDay: boolean;
}

export type ReadCron = { ok: true; cron: Cron } | { ok: false; problem: string };

interface Field {
  name: string;
  from: number;
  to: number;
  words?: string[];
}

const fields: Field[] = [
  { name: 'minute', from: 0, to: 59 },
  { name: 'hour', from: 0, to: 23 },
  { name: 'day of the month', from: 1, to: 31 },
  {
    name: 'month',
    from: 1,
    to: 12,
    words: ['', 'jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'],
  },
  { name: 'day of the week', from: 0, to: 7, words: ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] },
];

/** Reads five fields: numbers, names of months and weekdays, `*`, lists, ranges and steps. */
export function readCron(text: string): ReadCron {
  const parts = text.trim().split(/\s+/);
  if (parts.length !== fields.length) {
    return {
      ok: false,
      problem: `"${text}" has ${parts.length} fields; minute, hour, day, month and weekday are five`,
    };
  }
  const sets: Set<number>[] = [];
  for (const [index, field] of fields.entries()) {
    const set = readField(parts[index]!, field);
    if (!set) return { ok: false, problem: `"${parts[index]}" is no ${field.name} (${field.from} to ${field.to})` };
    sets.push(set);
  }
  const weekdays = new Set([...sets[4]!].map((day) => day % 7));
  const [minutes, hours, days, months] = sets as [Set<number>, Set<number>, Set<number>, Set<number>];
  const eitherDay = !parts[2]!.startsWith('*') && !parts[4]!.startsWith('*');
  return { ok: true, cron: { minutes, hours, days, months, weekdays, eitherDay } };
}

function readField(text: string, field: Field): Set<number> | undefined {
  const found = new Set<number>();
  for (const item of text.split(',')) {
    const match = /^(?:\*|([a-z\d]+)(?:-([a-z\d]+))?)(?:\/(\d{1,3}))?$/i.exec(item);
    if (!match) return undefined;
    const first = match[1] === undefined ? field.from : numberOf(match[1], field);
    const bare = match[1] !== undefined && match[2] === undefined && match[3] === undefined;
    const last = match[2] === undefined ? (bare ? first : field.to) : numberOf(match[2], field);
    const step = match[3] === undefined ? 1 : Number(match[3]);
    if (first === undefined || last === undefined || step === 0 || first > last) return undefined;
    for (let value = first; value <= last; value += step) found.add(value);
  }
  return found;
}

function numberOf(text: string, field: Field): number | undefined {
  const value = /^\d+$/.test(text) ? Number(text) : (field.words ?? []).indexOf(text.toLowerCase());
  return value >= field.from && value <= field.to ? value : undefined;
}

const minuteMs = 60_000;
const dayMs = 86_400_000;
/** A leap day on a given weekday comes again after at most 40 years. */
const horizonDays = 366 * 40;

/** The first minute after `after` (Unix milliseconds) that fits; undefined when none ever does, such as 30 February. */
export function nextTime(cron: Cron, after: number): number | undefined {
  const start = Math.floor(after / minuteMs) * minuteMs + minuteMs;
  const firstDay = Math.floor(start / dayMs) * dayMs;
  const hours = [...cron.hours].sort((a, b) => a - b);
  const minutes = [...cron.minutes].sort((a, b) => a - b);
  for (let count = 0; count < horizonDays; count += 1) {
    const day = firstDay + count * dayMs;
    if (!fitsDay(cron, new Date(day))) continue;
    for (const hour of hours) {
      for (const minute of minutes) {
        const time = day + (hour * 60 + minute) * minuteMs;
        if (time >= start) return time;
      }
    }
  }
  return undefined;
}

function fitsDay(cron: Cron, date: Date): boolean {
  if (!cron.months.has(date.getUTCMonth() + 1)) return false;
  const day = cron.days.has(date.getUTCDate());
  const weekday = cron.weekdays.has(date.getUTCDay());
  return cron.eitherDay ? day || weekday : day && weekday;
}
