import { describe, expect, it } from 'vitest';
import { Fault } from '../kernel/faults.ts';
import { Accounting } from './accounting.ts';
import { shapeAnswer } from './answer.ts';
import type { LogLine } from './api.ts';
import { SeenCatalogue } from './catalogue.ts';
import { FrameEncoder, newsOf, splitFrames } from './frames.ts';
import { createIngest } from './ingest.ts';
import { limits } from './limits.ts';
import { levelsFrom, parseSearch, predicateOf } from './log-filter.ts';
import { compileQuery } from './nrql/compile.ts';
import { parse } from './nrql/parser.ts';
import type { IntakeRecord } from './port.ts';
import { LiveTail } from './tail.ts';

const now = 1_700_000_000_000;
const line = (attributes: Record<string, string | number | boolean>, type = 'Log') => ({
  type,
  timestamp: now,
  projectId: 'p',
  attributes,
});
const never = (): never => {
  throw new Error('nothing should be refused');
};

describe('frames', () => {
  it('sort records by table and carry what was seen for the first time, once', () => {
    const encoder = new FrameEncoder(new SeenCatalogue());
    const first = encoder.encode(
      [line({ message: 'a', k: 1 }), line({ x: 'y' }, 'Order'), line({ duration: 1 }, 'Span')],
      now,
      never,
    );
    const tables = splitFrames([first.buffer, first.buffer]);
    expect(tables.map(({ table, rows }) => [table, rows])).toEqual([
      ['telemetry_logs', 2],
      ['telemetry_events', 2],
      ['telemetry_spans', 2],
    ]);
    expect(newsOf([first.buffer])).toContainEqual({ projectId: 'p', eventType: 'Log', name: 'k', type: 'number' });
    expect(newsOf([encoder.encode([line({ message: 'b', k: 2 })], now, never).buffer])).toEqual([]);
  });

  it('number records so that later ones are greater, also within a millisecond', () => {
    const encoder = new FrameEncoder(new SeenCatalogue());
    const numbers = [encoder.nextSeq(now), encoder.nextSeq(now), encoder.nextSeq(now - 5), encoder.nextSeq(now + 1)];
    expect([...numbers].sort((a, b) => a - b)).toEqual(numbers);
    expect(new Set(numbers).size).toBe(4);
  });

  it('say what points of a series have in common once, and of each but its time and values', () => {
    const encoder = new FrameEncoder(new SeenCatalogue());
    const attributes = { device: 'sda', metricName: 'used', metricType: 'gauge', service: 'disk', job: 'node' };
    const of = (count: number): IntakeRecord[] =>
      Array.from({ length: count }, (_, index) => {
        const point = { count: 1, total: index, min: index, max: index, latest: index };
        return { type: 'Metric', timestamp: now + index, projectId: 'p', point, attributes };
      });
    const first = encoder.encode(of(100), now, never).buffer;
    const names = newsOf([first]).map(({ name, type }) => `${name} ${type}`);
    expect(names).toEqual([' event', 'device string', 'job string', 'used metric']);
    const [points, ...others] = splitFrames([encoder.encode(of(100), now, never).buffer]);
    expect(others).toEqual([]);
    expect([points!.table, points!.rows]).toEqual(['points', 100]);
    const text = points!.parts[0]!.toString('latin1');
    expect(text.split('sda').length).toBe(2);
    expect(text.length).toBeLessThan(100 * 70 + 500);
  });

  it('leave out what goes beyond the limits and say so', () => {
    const encoder = new FrameEncoder(new SeenCatalogue());
    const reasons: string[] = [];
    const many = Object.fromEntries(
      Array.from({ length: limits.attributesPerRecord + 5 }, (_, index) => [`a${index}`, index]),
    );
    encoder.encode([line(many)], now, (_, reason) => reasons.push(reason));
    for (let type = 0; type < limits.eventTypes + 1; type += 1)
      encoder.encode([line({}, `T${type}`)], now, (_, reason) => reasons.push(reason));
    expect(reasons).toEqual([
      'too many attributes on one record',
      'too many different event types',
      'too many different event types',
    ]);
  });
});

describe('ingest', () => {
  it('gives back what it learned when the spool refuses, and counts the drop', async () => {
    const catalogue = new SeenCatalogue();
    const accounting = new Accounting();
    let full = true;
    const frames: Buffer[] = [];
    const ingest = createIngest({
      catalogue,
      accounting,
      tail: new LiveTail(),
      clock: { now: () => now },
      spool: {
        append: async (frame) => {
          if (full) throw new Fault('unavailable', 'full', { code: 'platform.spool-full', retryAfter: 10 });
          frames.push(frame);
        },
      },
    });
    await expect(ingest.write([line({ k: 1 })])).rejects.toMatchObject({ kind: 'unavailable', retryAfter: 10 });
    full = false;
    await ingest.write([line({ k: 1 })]);
    expect(newsOf(frames)).toContainEqual({ projectId: 'p', eventType: 'Log', name: 'k', type: 'number' });
    expect(accounting.list()[0]).toMatchObject({ accepted: 1, dropped: 1 });
  });
});

describe('log search', () => {
  it('reads words, quotes, exclusions and attributes', () => {
    expect(parseSearch('timeout -retry "GET /cart" status:500 -env:"a b" http://x')).toEqual({
      words: ['timeout', 'get /cart', 'http://x'],
      without: ['retry'],
      attributes: [
        { name: 'status', value: '500', negated: false },
        { name: 'env', value: 'a b', negated: true },
      ],
    });
  });

  it('means by a level that one and all above, whatever they are called', () => {
    expect(levelsFrom('error')).toContain('critical');
    expect(levelsFrom('error')).not.toContain('warning');
    const matches = predicateOf({ level: 'warn', service: 'web', text: 'slow status:500' });
    expect(
      matches({ projectId: 'p', attributes: { level: 'WARNING', service: 'web', status: 500, message: 'Slow query' } }),
    ).toBe(true);
    expect(
      matches({ projectId: 'p', attributes: { level: 'info', service: 'web', status: 500, message: 'slow' } }),
    ).toBe(false);
    expect(
      matches({ projectId: 'p', attributes: { level: 'error', service: 'api', status: 500, message: 'slow' } }),
    ).toBe(false);
  });
});

describe('live tail', () => {
  it('tells a slow viewer how much it missed', async () => {
    const tail = new LiveTail();
    const lines: LogLine[] = [];
    let missed = 0;
    const stop = tail.follow({ text: 'x' }, { line: (one) => lines.push(one), dropped: (count) => (missed += count) })!;
    const burst = Array.from({ length: limits.tail.backlog + 50 }, (_, index) => ({
      record: line({ message: `x ${index}`, extra: 1 }),
      seq: index,
    }));
    tail.publish([{ record: line({ message: 'other' }), seq: 0 }, ...burst]);
    await expect.poll(() => missed, { timeout: 9000 }).toBe(50);
    expect(lines.length).toBe(limits.tail.backlog);
    expect(lines[0]).toMatchObject({ message: 'x 0', attributes: { extra: 1 } });
    stop();
    expect(tail.stats()).toEqual({ viewers: 0, delivered: limits.tail.backlog, dropped: 50 });
  }, 12_000);
});

describe('live tail without a pause', () => {
  it('tells what is missed while lines still come', async () => {
    const tail = new LiveTail();
    let missed = 0;
    const stop = tail.follow({}, { line: () => undefined, dropped: (count) => (missed += count) })!;
    let seq = 0;
    const more = setInterval(() => {
      const burst = Array.from({ length: limits.tail.backlog }, () => ({ record: line({ message: 'x' }), seq: seq++ }));
      tail.publish(burst);
    }, 20);
    await expect.poll(() => missed, { timeout: 9000 }).toBeGreaterThan(0);
    clearInterval(more);
    stop();
  }, 12_000);
});

describe('answers', () => {
  const shape = (nrql: string, main: unknown[][], compare: unknown[][] | null = null) =>
    shapeAnswer(nrql, compileQuery(parse(nrql), { scope: { projectId: 'p' }, catalogue: new SeenCatalogue(), now }), {
      main,
      compare,
      rowsRead: 0,
      bytesRead: 0,
      elapsedMs: 1,
    });

  it('fill buckets without records: zero for counts, a gap for means', () => {
    const answer = shape('SELECT count(*), average(duration) FROM Transaction TIMESERIES 20 minutes', [[1, 5, 0.25]]);
    expect(answer.series.map(({ label, points }) => [label, points])).toEqual([
      ['count(*)', [0, 5, 0]],
      ['average(duration)', [null, 0.25, null]],
    ]);
    expect(answer.columns.map(({ unit }) => unit)).toEqual(['count', 's']);
  });

  it('lay the compared groups beside their own', () => {
    const answer = shape(
      'SELECT count(*) FROM Log FACET service COMPARE WITH 1 day ago',
      [
        ['a', 2],
        ['b', 1],
      ],
      [['b', 7]],
    );
    expect(answer.compareRows).toEqual([null, ['b', 7]]);
  });

  it('spread SELECT * into the attributes that are there', () => {
    const nrql = 'SELECT * FROM Log LIMIT 1';
    const width = compileQuery(parse(nrql), { scope: { projectId: 'p' }, catalogue: new SeenCatalogue(), now }).star!
      .length;
    const row = (strings: object) => [now, 'Log', ...new Array(width - 1).fill(''), 'hello', strings, { n: 1 }, {}];
    const answer = shape(nrql, [row({ a: 'x' }), row({ b: 'y' })]);
    expect(answer.columns.map(({ key }) => key)).toEqual(['timestamp', 'eventType', 'message', 'a', 'n']);
    expect(answer.rows).toEqual([[now, 'Log', 'hello', 'x', 1]]);
    expect(answer.warnings.map(({ message }) => message).join()).toMatch(/more records/);
  });
});
