import { describe, expect, it } from 'vitest';
import { Accounting } from './accounting.ts';
import { limits } from './limits.ts';
import type { Intake, IntakeRecord } from './port.ts';
import { limitIntake } from './quota.ts';

const world = (recordsPerMinute = 10_000_000, own: Record<string, number> = {}) => {
  const accounting = new Accounting();
  const written: IntakeRecord[] = [];
  const time = { now: 1_760_000_000_000 };
  const inner: Intake = {
    dropped: (projectId, type, reason, count) => accounting.dropped(projectId, type, reason, count),
    write: async (records) => void written.push(...records),
  };
  const terms = async (projectId: string) => ({ recordsPerMinute: own[projectId] ?? null, scrub: null });
  const intake = limitIntake(inner, { now: () => time.now }, { recordsPerMinute, of: terms });
  return { accounting, written, time, intake };
};

const point = (projectId: string, metricName: string, labels: Record<string, string>): IntakeRecord => ({
  type: 'Metric',
  timestamp: 1,
  projectId,
  attributes: { metricName, metricType: 'gauge', latest: Math.random(), ...labels },
});

describe('a million different values of a label', () => {
  it('are stopped at a bound that names metric and label, and others are served', async () => {
    const { intake, written, accounting, time } = world();
    const before = process.memoryUsage().heapUsed;
    for (let at = 0; at < 1_000_000; at += 10_000) {
      await intake.write(
        Array.from({ length: 10_000 }, (_, index) =>
          point('shop', 'requests', { method: index % 2 ? 'GET' : 'POST', userId: `user-${at + index}` }),
        ),
      );
    }
    expect(written).toHaveLength(limits.series.ofMetric);
    const [account] = accounting.list();
    expect(account).toMatchObject({ projectId: 'shop', dropped: 1_000_000 - limits.series.ofMetric });
    expect(Object.keys(account!.reasons)).toEqual([
      expect.stringMatching(/metric requests .* label userId has 1000 values and more/),
    ]);
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(300e6);
    written.length = 0;
    // Known series, other metrics and other projects go on; the order of labels makes no other series.
    await intake.write([
      point('shop', 'requests', { userId: 'user-5', method: 'GET' }),
      point('shop', 'other', { a: 'b' }),
      point('blog', 'requests', { userId: 'new' }),
    ]);
    expect(written).toHaveLength(3);
    time.now += 3_600_000;
    await intake.write([point('shop', 'requests', { userId: 'user-999999', method: 'GET' })]);
    expect(written).toHaveLength(4);
  });
});

describe('a project over its quota', () => {
  const lines = (projectId: string, count: number): IntakeRecord[] =>
    Array.from({ length: count }, () => ({ type: 'Log', timestamp: 1, projectId, attributes: { message: 'x' } }));

  it('is told when to come back, is not locked out, and takes nothing from others', async () => {
    const { intake, written, accounting, time } = world(1000);
    await intake.write(lines('flood', 5000));
    await expect(intake.write(lines('flood', 10))).rejects.toMatchObject({ kind: 'too-many', retryAfter: 60 });
    await intake.write(lines('calm', 10));
    expect(written).toHaveLength(5010);
    expect(accounting.list().find(({ projectId }) => projectId === 'flood')).toMatchObject({ dropped: 10 });
    time.now += 5 * 60_000;
    await intake.write(lines('flood', 10));
    expect(written).toHaveLength(5020);
  });

  it('has its own where one is set, and is told which it is over', async () => {
    const { intake, time } = world(1000, { small: 10 });
    await intake.write(lines('small', 10));
    await intake.write(lines('other', 10));
    await expect(intake.write(lines('small', 5))).rejects.toThrow(
      "more than 10 records a minute, which is the project's own",
    );
    await intake.write(lines('other', 995));
    await expect(intake.write(lines('other', 5))).rejects.toThrow(
      'more than 1000 records a minute, which is the quota of each',
    );
    expect(intake.usage().get('small')).toEqual({ lastMinute: 10, refused: 5 });
    time.now += 2 * 60_000;
    expect(intake.usage().get('small')).toEqual({ lastMinute: 0, refused: 5 });
  });
});

describe('accounts', () => {
  it('keep a bounded number of reasons, whatever senders call their things', () => {
    const accounting = new Accounting();
    for (let index = 0; index < 5000; index += 1) accounting.dropped('p', 'Metric', `bad name ${index}`, 1);
    const [account] = accounting.list();
    expect(Object.keys(account!.reasons).length).toBeLessThanOrEqual(201);
    expect(Object.values(account!.reasons).reduce((sum, count) => sum + count, 0)).toBe(5000);
  });
});
