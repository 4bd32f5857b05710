const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });
const whole = new Intl.NumberFormat('en');

/** `1,284`, then `12.3k`, `4.1M`: at most five characters beyond ten thousand. */
export function countText(value: number): string {
  return Math.abs(value) < 10_000 ? whole.format(value) : compact.format(value).replace('K', 'k');
}

/** A number as answers carry it: up to four significant digits after the point, thousands grouped. */
export function numberText(value: number): string {
  if (!Number.isFinite(value)) return '–';
  if (Number.isInteger(value)) return whole.format(value);
  const size = Math.abs(value);
  const digits = size >= 100 ? 1 : size >= 1 ? 2 : 4;
  return value.toLocaleString('en', { maximumFractionDigits: digits });
}

/** `512 B`, `1.4 MB`: decimal units. */
export function bytesText(bytes: number): string {
  if (bytes < 0) return `-${bytesText(-bytes)}`;
  if (bytes < 1000) return `${numberText(bytes)} B`;
  const units = ['kB', 'MB', 'GB', 'TB'];
  let value = bytes / 1000;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

const unitWords: Record<string, string> = { '%': ' %', count: '', apdex: '' };

/** A number with what it is measured in: `12 ms` of 0.012 s, `1.4 MB`, `3 /min`. A unit not known here is written as it is. */
export function amountText(value: number, unit: string | null | undefined): string {
  if (unit === 'bytes') return bytesText(value);
  if (unit === 'bytes/s') return `${bytesText(value)}/s`;
  if (unit === 's' && value !== 0 && Math.abs(value) < 1) return `${numberText(value * 1000)} ms`;
  return `${numberText(value)}${unit ? (unitWords[unit] ?? ` ${unit}`) : ''}`;
}

/** `1 job`, `4 jobs`. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${countText(count)} ${count === 1 ? one : many}`;
}

/** What is wrong and what to do, as two sentences, however the first one ends. */
export function sentences(message: string, hint: string | undefined): string {
  if (!hint) return message;
  return `${/[.!?:]$/.test(message) ? message : `${message}.`} ${hint}`;
}
