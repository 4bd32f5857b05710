import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { applyResult, nextRun, type Result, type Standing, untried } from './check.ts';

const rules = { intervalSeconds: 60, retryIntervalSeconds: 10, maxAttempts: 3 };
const result = (state: Result['state']): Result => ({ state, output: '' });

/** Plays results and writes each step down: `state/type attempt`, `!` and the change when it is one. */
function play(states: Result['state'][], maxAttempts = 3): string[] {
  let standing: Standing = untried;
  return states.map((state) => {
    const step = applyResult({ ...rules, maxAttempts }, standing, result(state));
    standing = step.standing;
    const change = step.change ? ` !${step.change.from}>${step.change.to}` : '';
    return `${standing.state}/${standing.stateType} ${standing.attempt}${change}`;
  });
}

describe('soft and hard', () => {
  test('a problem is certain after so many attempts, and its end is a change', () => {
    expect(play(['ok', 'critical', 'critical', 'critical', 'critical', 'ok', 'ok'])).toEqual([
      'ok/hard 1',
      'critical/soft 1',
      'critical/soft 2',
      'critical/hard 3 !ok>critical',
      'critical/hard 3',
      'ok/hard 1 !critical>ok',
      'ok/hard 1',
    ]);
  });
  test('a suspicion that passes changes nothing', () => {
    expect(play(['ok', 'critical', 'ok', 'ok'])).toEqual(['ok/hard 1', 'critical/soft 1', 'ok/soft 1', 'ok/hard 1']);
  });
  test('attempts count on when the kind changes; a certain problem changes its kind at once', () => {
    expect(play(['ok', 'warning', 'critical', 'warning', 'critical'])).toEqual([
      'ok/hard 1',
      'warning/soft 1',
      'critical/soft 2',
      'warning/hard 3 !ok>warning',
      'critical/hard 3 !warning>critical',
    ]);
  });
  test('one attempt is certain at once, for a check that never ran as well', () => {
    expect(play(['critical', 'ok'], 1)).toEqual(['critical/hard 1 !pending>critical', 'ok/hard 1 !critical>ok']);
  });
});

test('an acknowledgement holds while the problem is the same', () => {
  let standing: Standing = {
    state: 'critical',
    stateType: 'hard',
    attempt: 3,
    hardState: 'critical',
    acknowledged: true,
  };
  standing = applyResult(rules, standing, result('critical')).standing;
  expect(standing.acknowledged).toBe(true);
  expect(applyResult(rules, standing, result('warning')).standing.acknowledged).toBe(false);
  expect(applyResult(rules, standing, result('ok')).standing.acknowledged).toBe(false);
});

test('whatever the results: attempts stay in bounds, changes chain, and repeats of a hard state are silent', () => {
  const states = fc.array(fc.constantFrom<Result['state']>('ok', 'warning', 'critical', 'unknown'), { maxLength: 60 });
  fc.assert(
    fc.property(states, fc.integer({ min: 1, max: 5 }), (sequence, maxAttempts) => {
      let standing: Standing = untried;
      let certain: Standing['hardState'] = 'pending';
      for (const state of sequence) {
        const step = applyResult({ ...rules, maxAttempts }, standing, result(state));
        expect(step.standing.attempt).toBeGreaterThanOrEqual(1);
        expect(step.standing.attempt).toBeLessThanOrEqual(maxAttempts);
        if (step.change) {
          if (certain !== 'pending') expect(step.change.from).toBe(certain);
          expect(step.change.to).not.toBe(step.change.from);
          expect(step.transition).toBeDefined();
        }
        certain = step.standing.hardState;
        if (step.standing.state === standing.state && standing.stateType === 'hard')
          expect(step.change).toBeUndefined();
        standing = step.standing;
      }
    }),
  );
});

test('runs keep to their phase, retries come soon', () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 0.999, noNaN: true }), fc.integer({ min: 0, max: 4e12 }), (phase, now) => {
      const next = nextRun(rules, { ...untried, state: 'ok' }, phase, now);
      expect(next).toBeGreaterThan(now);
      expect(next - now).toBeLessThanOrEqual(60_000);
      expect(nextRun(rules, { ...untried, state: 'ok' }, phase, next)).toBe(next + 60_000);
    }),
  );
  const soft: Standing = { ...untried, state: 'critical', stateType: 'soft' };
  expect(nextRun(rules, soft, 0.5, 1000)).toBe(11_000);
});
