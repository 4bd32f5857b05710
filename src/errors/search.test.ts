import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readSearch, timeBounds } from './search.ts';

test('takes conditions and words apart', () => {
  expect(readSearch('is:regressed !has:user timesSeen:>100 message:"timed out" KeyError "two words" http://x')).toEqual(
    {
      terms: [
        { key: 'is', value: 'regressed', negated: false, compare: '=' },
        { key: 'has', value: 'user', negated: true, compare: '=' },
        { key: 'timesseen', value: '100', negated: false, compare: '>' },
        { key: 'message', value: 'timed out', negated: false, compare: '=' },
      ],
      words: ['KeyError', 'two words', 'http://x'],
    },
  );
});

test('reads times from now and by date', () => {
  const now = Date.UTC(2026, 0, 10);
  const of = (text: string) => timeBounds(readSearch(text).terms[0]!, now);
  expect(of('age:-24h')).toEqual({ from: now - 86_400_000, to: null });
  expect(of('lastSeen:+2w')).toEqual({ from: null, to: now - 14 * 86_400_000 });
  expect(of('firstSeen:>2026-01-08')).toEqual({ from: Date.UTC(2026, 0, 8), to: null });
  expect(of('firstSeen:2026-01-08')).toEqual({ from: Date.UTC(2026, 0, 8), to: Date.UTC(2026, 0, 9) });
  expect(of('firstSeen:sometime')).toBeNull();
});

test('reads any text', () => {
  fc.assert(fc.property(fc.string(), (text) => void readSearch(text)));
});
