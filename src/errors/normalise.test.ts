import fc from 'fast-check';
import { expect, test } from 'vitest';
import { groupReport } from './grouping/group.ts';
import { objectOf } from './lenient.ts';
import { eventLimits } from './limits.ts';
import { normalise } from './normalise.ts';
import { headlineOf } from './title.ts';

const arrival = { eventId: 'a'.repeat(32), receivedAt: Date.UTC(2026, 1, 3, 12, 0, 0) };

test('reads breadcrumbs in both shapes, times as text and as seconds', () => {
  const list = normalise({ breadcrumbs: [{ timestamp: 1770119990.5, message: 'one', level: 'warning' }] }, arrival);
  const object = normalise(
    { breadcrumbs: { values: [{ timestamp: '2026-02-03T11:59:50.500000Z', message: 'one', level: 'warning' }] } },
    arrival,
  );
  expect(list.breadcrumbs).toEqual(object.breadcrumbs);
  expect(list.breadcrumbs[0]).toMatchObject({
    message: 'one',
    level: 'warning',
    at: Date.UTC(2026, 1, 3, 11, 59, 50, 500),
  });
});

test('shows a message sent as an exception without type as a message', () => {
  const report = normalise(
    {
      message: 'hello',
      exception: {
        values: [
          {
            value: 'hello',
            mechanism: { synthetic: true },
            stacktrace: { frames: [{ function: 'f', filename: '/app/a.js', in_app: true }] },
          },
        ],
      },
    },
    arrival,
  );
  expect(headlineOf(report)).toMatchObject({ title: 'hello', type: null, culprit: 'f in a.js' });
});

test('corrects a clock that is off, and distrusts impossible times', () => {
  const hour = 3_600_000;
  const behind = normalise(
    { timestamp: (arrival.receivedAt - 2 * hour - 1000) / 1000 },
    { ...arrival, sentAt: arrival.receivedAt - 2 * hour },
  );
  expect(behind.at).toBe(arrival.receivedAt - 1000);
  expect(behind.notes.join()).toContain('clock');
  expect(normalise({ timestamp: '2099-01-01T00:00:00Z' }, arrival).at).toBe(arrival.receivedAt);
});

test('takes secrets out wherever clients put them', () => {
  const report = normalise(
    {
      request: {
        url: 'https://shop.example/pay?token=abc&page=2',
        headers: [
          ['Authorization', 'Bearer abcdefghijkl'],
          ['Accept', 'text/html'],
        ],
        data: { card: '4111 1111 1111 1111', password: 'hunter2', order: 12 },
      },
      extra: { environ: { AWS_SECRET: 'x' }, note: 'db at postgres://shop:pa55@db/shop' },
      exception: {
        values: [{ type: 'E', value: 'v', stacktrace: { frames: [{ vars: { api_key: "'k'", count: '3' } }] } }],
      },
    },
    arrival,
  );
  const stored = JSON.stringify(report);
  for (const secret of ['abcdefghijkl', '4111 1111', 'hunter2', 'pa55', 'token=abc', "'k'", 'AWS_SECRET']) {
    expect(stored).not.toContain(secret);
  }
  expect(report.request).toMatchObject({ url: 'https://shop.example/pay', query: 'token=[Filtered]&page=2' });
  expect(report.exceptions[0]?.frames?.[0]?.variables).toEqual([
    ['api_key', '[Filtered]'],
    ['count', '3'],
  ]);
});

test('cuts what is too much and says so', () => {
  const frames = Array.from({ length: 400 }, (_, index) => ({ function: `f${index}`, lineno: index + 1 }));
  const report = normalise(
    {
      exception: [{ type: 'E', value: 'x'.repeat(20_000), stacktrace: { frames } }],
      breadcrumbs: Array(300).fill({ message: 'm' }),
    },
    arrival,
  );
  expect(report.exceptions[0]?.value?.length).toBe(eventLimits.exceptionValue);
  expect(report.exceptions[0]?.frames?.at(-1)?.function).toBe('f399');
  expect(report.exceptions[0]?.frames?.length).toBe(eventLimits.frames);
  expect(report.breadcrumbs.length).toBe(eventLimits.breadcrumbs);
  expect(report.notes.length).toBe(2);
});

test('fills templates in and keeps them for grouping', () => {
  const report = normalise({ logentry: { message: 'order %s of %(who)s failed', params: ['12'] } }, arrival);
  expect(report.message).toEqual({ text: 'order 12 of %(who)s failed', template: 'order %s of %(who)s failed' });
});

test('keeps the address of the sender only when asked to', () => {
  const from = { ...arrival, remoteAddress: '::ffff:10.0.0.7' };
  expect(normalise({ user: { id: 7 } }, from).user).toEqual([['id', '7']]);
  expect(normalise({ user: { ip_address: '{{auto}}' } }, from).user).toEqual([['ip_address', '10.0.0.7']]);
});

test('reads any JSON without throwing, into something that can be stored and grouped', () => {
  const field = fc.constantFrom(
    ...[
      'exception',
      'breadcrumbs',
      'tags',
      'user',
      'request',
      'contexts',
      'extra',
      'logentry',
      'message',
      'fingerprint',
    ],
    ...['threads', 'stacktrace', 'timestamp', 'level', 'modules', 'sdk', 'debug_meta', 'values', 'frames', 'mechanism'],
  );
  const json = fc.jsonValue({ maxDepth: 4, noUnicodeString: false });
  const shaped = fc.dictionary(
    field,
    fc.oneof(json, fc.dictionary(field, fc.oneof(json, fc.array(fc.dictionary(field, json))))),
  );
  fc.assert(
    fc.property(fc.oneof(shaped, json), (value) => {
      const report = normalise(objectOf(value) ?? {}, arrival);
      JSON.stringify(report, (_, item) => {
        if (typeof item === 'string') expect(item.includes('\0') || item !== Buffer.from(item).toString()).toBe(false);
        return item;
      });
      expect(groupReport(report).hashes.length).toBeGreaterThan(0);
      expect(headlineOf(report).title).not.toContain('undefined');
    }),
    { numRuns: 100 },
  );
});
