const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

/** An instant as seen from `now`, both Unix ms: `just now`, `4 min ago`, `in 2 h`, `3 days ago`, then a date. */
export function relativeTime(at: number, now: number, locale?: string): string {
  const past = at <= now;
  const distance = Math.abs(now - at);
  const say = (count: number, unit: string) => (past ? `${count} ${unit} ago` : `in ${count} ${unit}`);
  if (distance < 10_000) return past ? 'just now' : 'in a moment';
  if (distance < minute) return say(Math.floor(distance / 1000), 's');
  if (distance < hour) return say(Math.floor(distance / minute), 'min');
  if (distance < day) return say(Math.floor(distance / hour), 'h');
  const days = Math.floor(distance / day);
  if (days < 14) return say(days, days === 1 ? 'day' : 'days');
  return new Date(at).toLocaleDateString(locale, { day: 'numeric', month: 'short', year: 'numeric' });
}

/** How long `relativeTime` stays the same text for this distance: when to look again, in ms. */
export function staleAfter(at: number, now: number): number {
  const distance = Math.abs(now - at);
  if (distance < minute) return 5000;
  if (distance < hour) return 20_000;
  return 5 * minute;
}

/** Making a formatter costs more than a hundred uses of it; logs use it for every line. */
const exact = new Map<string | undefined, Intl.DateTimeFormat>();

/** The exact instant in the reader's zone, with seconds and the zone's name. */
export function absoluteTime(at: number, locale?: string): string {
  let format = exact.get(locale);
  if (!format) {
    format = new Intl.DateTimeFormat(locale, {
      weekday: 'short',
      day: 'numeric',
      month: 'short',
      year: 'numeric',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
      hourCycle: 'h23',
      timeZoneName: 'short',
    });
    exact.set(locale, format);
  }
  return format.format(at);
}

/** Hour, minute, second and milliseconds in the reader's zone: for logs. */
export function clockTime(at: number): string {
  const date = new Date(at);
  const pad = (value: number, width = 2) => String(value).padStart(width, '0');
  return `${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}.${pad(date.getMilliseconds(), 3)}`;
}

/** Unix ms of an ISO string, a number in ms, or a Date; undefined for nothing or nonsense. */
export function instant(value: string | number | null | undefined): number | undefined {
  if (value === null || value === undefined) return undefined;
  const at = typeof value === 'number' ? value : Date.parse(value);
  return Number.isFinite(at) ? at : undefined;
}

/** A span as a clock reads it while it runs: `4 s`, `1 m 08 s`, `2 h 05 m`; below a second `430 ms`. */
export function spanText(ms: number): string {
  if (ms < 0) return '0 ms';
  if (ms < 10) return `${Number(ms.toFixed(ms < 1 ? 2 : 1))} ms`;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  const seconds = Math.floor(ms / 1000);
  if (seconds < 10) return `${(Math.floor(ms / 100) / 10).toFixed(1)} s`;
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} m ${String(seconds % 60).padStart(2, '0')} s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h ${String(minutes % 60).padStart(2, '0')} m`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** A span of time, short: `23 Nov, 08:33 to 09:33`, with both days when they differ. */
export function rangeText(from: number, to: number, locale?: string): string {
  const date: Intl.DateTimeFormatOptions = { day: 'numeric', month: 'short' };
  const clock: Intl.DateTimeFormatOptions = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' };
  const sameDay = new Date(from).toDateString() === new Date(to).toDateString();
  const begin = new Date(from).toLocaleString(locale, { ...date, ...clock });
  return `${begin} to ${new Date(to).toLocaleString(locale, sameDay ? clock : { ...date, ...clock })}`;
}

/** Marks of a time axis: dates when a mark is a day or more, minutes above ten seconds, seconds below. */
export function axisTimes(times: readonly number[], step: number, locale?: string): string[] {
  const options: Intl.DateTimeFormatOptions =
    step >= day
      ? { day: 'numeric', month: 'short' }
      : { hour: '2-digit', minute: '2-digit', hourCycle: 'h23', ...(step < minute ? { second: '2-digit' } : {}) };
  return times.map((time, index) => {
    const date = new Date(time);
    const text = date.toLocaleString(locale, options);
    const newDay = index > 0 && date.toDateString() !== new Date(times[index - 1]!).toDateString();
    return newDay && step < day ? date.toLocaleString(locale, { day: 'numeric', month: 'short' }) : text;
  });
}
