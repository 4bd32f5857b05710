import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { numberedId, type ReceiptMove, settleRef, type Told } from './settle.ts';

const ref = 'refs/heads/main';
const receipt = (before: string | null, after: string | null, at: number): ReceiptMove => ({
  ref,
  before,
  after,
  at,
  pushId: `push-${at}`,
  runId: `run-${at}`,
  pusher: { personId: null, name: 'Ada' },
});
const arrows = (told: Told[]): string[] =>
  told.map(({ move, receipt: has }) => `${move.before}>${move.after}${has ? '' : '?'}`);

describe('moves of a ref', () => {
  it('are told in the order they happened, whatever order the receipts are found in', () => {
    const { told, tip } = settleRef(ref, 'a', [receipt('b', 'c', 2), receipt('a', 'b', 1)], undefined);
    expect(arrows(told)).toEqual(['a>b', 'b>c']);
    expect(tip).toBe('c');
  });

  it('wait for one that is still being written', () => {
    const first = settleRef(ref, 'a', [receipt('b', 'c', 2)], undefined);
    expect(first).toEqual({ told: [], tip: 'a' });
    expect(arrows(settleRef(ref, 'a', [receipt('b', 'c', 2), receipt('a', 'b', 1)], undefined).told)).toHaveLength(2);
  });

  it('are told without a receipt when git died before its hook', () => {
    expect(arrows(settleRef(ref, 'a', [], { actual: 'b' }).told)).toEqual(['a>b?']);
    expect(arrows(settleRef(ref, 'a', [receipt('b', 'c', 2)], { actual: 'd' }).told)).toEqual(['a>b?', 'b>c', 'c>d?']);
    expect(settleRef(ref, 'a', [], { actual: 'a' }).told).toEqual([]);
  });

  it('back and forth are all told', () => {
    const moves = [receipt('a', 'b', 1), receipt('b', 'a', 2), receipt('a', 'b', 3), receipt('b', null, 4)];
    const { told, tip } = settleRef(ref, 'a', moves, { actual: null });
    expect(arrows(told)).toEqual(['a>b', 'b>a', 'a>b', 'b>null']);
    expect(tip).toBeNull();
  });

  it('end where git is and use each receipt once, whatever got lost', () => {
    const state = fc.constantFrom('a', 'b', 'c', 'd', null);
    fc.assert(
      fc.property(fc.array(state, { minLength: 1, maxLength: 8 }), fc.array(fc.boolean()), (path, lost) => {
        const states = path.filter((each, index) => index === 0 || each !== path[index - 1]);
        const all = states.slice(1).map((after, index) => receipt(states[index]!, after, index));
        const kept = all.filter((_, index) => !lost[index]);
        const actual = states.at(-1)!;
        const { told, tip } = settleRef(ref, states[0]!, kept, { actual });
        expect(tip).toBe(actual);
        let at: string | null = states[0]!;
        for (const { move } of told) {
          expect(move.before).toBe(at);
          at = move.after;
        }
        const used = told.filter((each) => each.receipt).map((each) => (each.move as ReceiptMove).pushId);
        expect(used.sort()).toEqual(kept.map((each) => each.pushId).sort());
        // With every receipt there, nothing is made up.
        if (kept.length === all.length) expect(told.every((each) => each.receipt)).toBe(true);
      }),
    );
  });
});

it('numbers ids within a push', () => {
  const base = '01890000-0000-7000-8000-123456780000';
  expect(numberedId(base, 0)).toBe(base);
  expect(numberedId(base, 300)).toBe('01890000-0000-7000-8000-12345678012c');
});
