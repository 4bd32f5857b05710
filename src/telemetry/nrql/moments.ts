import type { Moment } from './ast.ts';
import type { Cursor } from './cursor.ts';
import { NrqlError } from './problems.ts';

export const weekdays = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'] as const;
const days: readonly string[] = ['today', 'yesterday', ...weekdays];

/** Reads what may follow SINCE and UNTIL. */
export function parseMoment(cursor: Cursor): Moment {
  const token = cursor.peek();
  const place = () => ({ at: token.at, end: cursor.previousEnd() });
  if (token.kind !== 'end') cursor.next();
  if (token.kind === 'variable') return { kind: 'variable', name: token.text, ...place() };
  if (token.kind === 'string') return { kind: 'written', text: token.text, ...place() };
  if (token.kind === 'number') {
    const unit = cursor.takeUnit();
    if (!unit) return { kind: 'epoch', ms: token.value, ...place() };
    cursor.expectWord('AGO', `after "${token.value} ${unit}s"`);
    return { kind: 'ago', amount: token.value, unit, ...place() };
  }
  if (token.kind === 'word') {
    if (token.upper === 'NOW') return { kind: 'now', ...place() };
    const lower = token.text.toLowerCase();
    if (days.includes(lower)) {
      let clock: string | null = null;
      if (cursor.takeWord('AT')) {
        const time = cursor.peek();
        if (time.kind !== 'string' || !/^\d{1,2}:\d{2}(:\d{2})?$/.test(time.text)) {
          return cursor.fail("A time is missing after AT, such as '09:30'");
        }
        cursor.next();
        clock = time.text;
      }
      return { kind: 'day', day: lower, clock, ...place() };
    }
    if (lower === 'this' || lower === 'last') {
      const unit = cursor.takeUnit();
      if (!unit) return cursor.fail(`hour, day, week, month, quarter or year is missing after ${lower}`);
      return { kind: 'period', which: lower, unit, ...place() };
    }
  }
  throw new NrqlError(
    token,
    'A point in time is missing here',
    "Write 1 hour ago, today, yesterday, monday, this week, '2026-01-31 09:00' or Unix milliseconds.",
    'syntax',
  );
}
