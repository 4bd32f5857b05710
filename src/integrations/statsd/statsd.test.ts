import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StatsdAggregate } from './aggregate.ts';
import { limits } from './limits.ts';

const points = (...lines: string[]) => {
  const aggregate = new StatsdAggregate();
  const problems = lines.map((line) => aggregate.add(line)).filter((problem) => problem !== undefined);
  return { problems, records: aggregate.take(1000, 'p'), aggregate };
};

describe('StatsD', () => {
  it('counters add up, and weigh what was sampled', () => {
    const { records } = points('orders:1|c', 'orders:2|c', 'orders:3|c|@0.1', 'orders:1|c|#env:prod,shop:north,vip');
    expect(records.map(({ attributes }) => attributes)).toMatchObject([
      { metricName: 'orders', metricType: 'count', total: 33 },
      { metricName: 'orders', total: 1, environment: 'prod', shop: 'north', vip: 'true' },
    ]);
  });

  it('gauges keep the last value, and what is added to it', () => {
    const { records, aggregate } = points('depth:10|g', 'depth:+5|g', 'depth:-2|g');
    expect(records[0]!.attributes).toMatchObject({ metricType: 'gauge', latest: 13 });
    aggregate.add('depth:+1|g');
    expect(aggregate.take(2000, 'p')[0]!.attributes).toMatchObject({ latest: 14 });
  });

  it('timers become distributions, sets the number of their values', () => {
    const { records } = points('took:10:20|ms', 'took:30|ms|@0.5', 'who:ada|s', 'who:bob|s', 'who:ada|s');
    expect(records[0]!.attributes).toMatchObject({
      count: 4,
      total: 90,
      min: 10,
      max: 30,
      unit: 'ms',
      metricType: 'distribution',
    });
    const { bounds, counts } = records[0]!.buckets!;
    expect(counts).toHaveLength(bounds.length + 1);
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(4);
    expect(records[1]!.attributes).toMatchObject({ metricName: 'who', latest: 2 });
  });

  it('says why something cannot be used, and which name was one too many', () => {
    expect(points('x', 'x:1', 'x:1|q', 'x:a|c', 'x:1|c|@7', '_sc|up|0', '_e{1,1}:a|b').problems).toHaveLength(7);
    const aggregate = new StatsdAggregate();
    for (let index = 0; index < limits.series; index += 1) aggregate.add(`a${index}:1|c`);
    expect(aggregate.add('offender:1|c|#id:7')).toMatch(/too many series; offender/);
    expect(aggregate.add('a1:1|c')).toBeUndefined();
    expect(aggregate.take(1, 'p')).toHaveLength(limits.series);
  });

  it('takes any text', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.string(), fc.stringMatching(/^[a-z:|@#.0-9+-]{0,40}$/))), (lines) => {
        for (const { attributes, buckets } of points(...lines).records) {
          for (const value of Object.values(attributes)) if (typeof value === 'number') expect(value).not.toBeNaN();
          if (buckets) expect(buckets.counts).toHaveLength(buckets.bounds.length + 1);
        }
      }),
    );
  });
});
