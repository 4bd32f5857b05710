import { Fault } from './faults.ts';

const unitMs: Record<string, number> = {
  ms: 1,
  millisecond: 1,
  s: 1000,
  sec: 1000,
  second: 1000,
  m: 60_000,
  min: 60_000,
  minute: 60_000,
  h: 3_600_000,
  hour: 3_600_000,
  d: 86_400_000,
  day: 86_400_000,
  w: 604_800_000,
  week: 604_800_000,
};

/**
 * Milliseconds of a written duration: `5 minutes`, `1.25h`, `90s`, `3 days`, `1h30m` (parts add up).
 * A bare number is refused, since its unit would be a guess. Throws an `invalid` Fault.
 */
export function parseDuration(text: string): number {
  const part = /\s*(\d+(?:\.\d+)?)\s*([a-z]+)\s*/giy;
  let total = 0;
  let position = 0;
  while (position < text.length) {
    part.lastIndex = position;
    const match = part.exec(text);
    const unit = match?.[2]?.toLowerCase() ?? '';
    const scale = unitMs[unit] ?? unitMs[unit.replace(/s$/, '')];
    if (!match || scale === undefined) {
      throw new Fault('invalid', `"${text}" is not a duration`, {
        code: 'kernel.duration',
        hint: 'Write a number and a unit, for example "5 minutes", "90s" or "1.5h".',
      });
    }
    total += Number(match[1]) * scale;
    position = part.lastIndex;
  }
  if (position === 0) {
    throw new Fault('invalid', 'An empty text is not a duration', { code: 'kernel.duration' });
  }
  return total;
}

/** A short reading of a span of milliseconds: `850 ms`, `4.2 s`, `3 min 20 s`, `2 h 5 min`. */
export function formatDuration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 60) return `${minutes} min ${Math.floor((ms % 60_000) / 1000)} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
