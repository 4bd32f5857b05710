import { expect, test } from 'vitest';
import type { JsonObject } from '../lenient.ts';
import { normalise } from '../normalise.ts';
import { type Grouping, groupReport } from './group.ts';
import { leadingLines, parameterise } from './parameterise.ts';

const group = (payload: JsonObject): Grouping =>
  groupReport(normalise(payload, { eventId: '0'.repeat(32), receivedAt: 1_770_000_000_000 }));

const python = (...frames: JsonObject[]): JsonObject => ({
  platform: 'python',
  exception: { values: [{ type: 'KeyError', value: "'percent'", stacktrace: { frames } }] },
});
const frame = (name: string, more: JsonObject = {}): JsonObject => ({
  module: 'shop.views',
  function: name,
  filename: 'shop/views.py',
  lineno: 10,
  in_app: true,
  context_line: `    ${name}()`,
  ...more,
});
const sameGroup = (one: JsonObject, other: JsonObject): boolean => {
  const known = new Set(group(one).hashes);
  return group(other).hashes.some((hash) => known.has(hash));
};

test('makes the hashes that are published for this algorithm', () => {
  const value = { type: 'ValueError', value: 'hello world', module: 'foo.bar' };
  const at = (inApp: boolean) => ({ frames: [{ filename: 'foo/baz.py', lineno: 1, in_app: inApp }] });
  const chained = group({
    platform: 'python',
    exception: [
      { ...value, stacktrace: at(true) },
      { ...value, stacktrace: at(false) },
    ],
  });
  expect(chained.hashes).toEqual(['beb01c07d991f36b9da1e90fc7169ad8', '8c527d091797ca91a535be7b461e5059']);
  const mixed = group({
    exception: {
      values: [{ type: 'FailedToFetchError', value: "FailedToFetchError: Charlie didn't bring the ball back!" }],
    },
    fingerprint: ['{{ default }}', 'dogs are great'],
  });
  expect(mixed.hashes).toEqual(['e3d593b4335190212ca7c18b8e967fb1']);
  const mapped = group({
    platform: 'javascript',
    stacktrace: {
      frames: [{ filename: 'foo.py', function: 'bar', context_line: 'foo bar', data: { sourcemap: 'x' } }],
    },
  });
  expect(mapped.hashes).toEqual(['60e0a667027bef0d0b7c4882891df7e8']);
  expect(group({ message: 'testing testing 1, 2, 3' }).hashes).toEqual(['f9e47f16e3b9770b440157179c47bf7a']);
  expect(group({}).hashes).toEqual(['d41d8cd98f00b204e9800998ecf8427e']);
});

test('keeps events together whose line numbers, values and libraries differ', () => {
  const library = {
    module: 'django.core.handlers',
    function: 'inner',
    in_app: false,
    context_line: 'response = get_response()',
  };
  const one = python(library, frame('checkout'));
  const other = python({ ...library, context_line: 'return get_response()' }, frame('checkout', { lineno: 99 }));
  expect(sameGroup(one, other)).toBe(true);
  expect(sameGroup(one, python(library, frame('cart')))).toBe(false);
  const otherType = python(library, frame('checkout'));
  (otherType.exception as { values: JsonObject[] }).values[0]!.type = 'AttributeError';
  expect(sameGroup(one, otherType)).toBe(false);
});

test('knows library code by its place, whatever an older client says', () => {
  const view = frame('checkout', { abs_path: '/srv/shop/shop/views.py' });
  const django = (line: string): JsonObject => ({
    ...frame('inner', { module: 'django.core.handlers.exception', context_line: line }),
    abs_path: '/usr/lib/python3/dist-packages/django/core/handlers/exception.py',
  });
  expect(
    sameGroup(python(django('response = get_response(request)'), view), python(django('response = later()'), view)),
  ).toBe(true);
});

test('uses all frames when none is the application’s, and says so', () => {
  const grouping = group(python(frame('a', { in_app: false }), frame('b', { in_app: false })));
  expect(grouping.variants.map(({ name, contributes }) => [name, contributes])).toEqual([
    ['app', false],
    ['system', true],
  ]);
  expect(grouping.summary).toContain('all frames');
});

test('does not count how deep a recursion went', () => {
  expect(group(python(frame('a'), frame('a'), frame('a'))).hashes[0]).toBe(group(python(frame('a'))).hashes[0]);
});

test('reads browsers alike', () => {
  const at = (name: string, file: string) => ({ function: name, filename: file, in_app: true, lineno: 1, colno: 2 });
  const event = (...frames: JsonObject[]): JsonObject => ({
    platform: 'javascript',
    exception: { values: [{ type: 'TypeError', value: 'x', stacktrace: { frames } }] },
  });
  const url = 'https://shop.example/assets/index-3f2a.js';
  expect(
    sameGroup(event(at('Cart.total', url)), event(at('Object.total', 'https://shop.example/assets/index-9b1c.js'))),
  ).toBe(true);
  // A lone address without a function says nothing: type and value decide.
  expect(group(event(at('?', url), at('?', url))).hashes[0]).toBe(
    group({ platform: 'javascript', exception: [{ type: 'TypeError', value: 'x' }] }).hashes[0],
  );
});

test('collapses a group of like errors to one of them', () => {
  const child = (id: number, value: string): JsonObject => ({
    type: 'TimeoutError',
    value,
    mechanism: { exception_id: id, parent_id: 0, source: `errors[${id - 1}]` },
  });
  const aggregate = {
    type: 'AggregateError',
    value: 'all failed',
    mechanism: { exception_id: 0, is_exception_group: true },
  };
  const many = group({ exception: { values: [child(2, 'after 20 ms'), child(1, 'after 10 ms'), aggregate] } });
  const single = group({ exception: { values: [{ type: 'TimeoutError', value: 'after 99 ms' }] } });
  expect(many.hashes).toEqual(single.hashes);
  const broken = group({ exception: { values: [child(1, 'after 20 ms'), child(1, 'after 10 ms'), aggregate] } });
  expect(broken.hashes).not.toEqual(single.hashes);
});

test('obeys the application’s fingerprint', () => {
  const grouping = group({ ...python(frame('a')), fingerprint: ['checkout', '{{ error.type }}'] });
  expect(grouping.variants[0]).toMatchObject({ name: 'custom_fingerprint', fingerprint: ['checkout', 'KeyError'] });
  expect(sameGroup({ message: 'a', fingerprint: ['x'] }, { message: 'b', fingerprint: ['x'] })).toBe(true);
});

test.each([
  ['user 1234 not found', 'user <int> not found'],
  ['mail to jane.doe@example.org failed', 'mail to <email> failed'],
  ['GET https://api.example.com/v1/users/12?x=1 failed', 'GET <url> failed'],
  ['no route to 10.0.0.7:8080', 'no route to <ip>:<int>'],
  ['peer fe80::1ff:fe23:4567:890a gone', 'peer <ip> gone'],
  ['at 12:34:56 it stopped', 'at <date> it stopped'],
  ['since 2026-02-03T10:11:12.123Z', 'since <date>'],
  ['took 45ms, then 1.5s', 'took <duration>, then <duration>'],
  ['order 123e4567-e89b-12d3-a456-426614174000 lost', 'order <uuid> lost'],
  ['commit da39a3ee5e6b4b0d3255bfef95601890afd80709', 'commit <sha1>'],
  ['digest d41d8cd98f00b204e9800998ecf8427e', 'digest <md5>'],
  ['pointer 0xDEADbeef', 'pointer <hex>'],
  ['ratio 0.25 of -3', 'ratio <float> of <int>'],
  ["name='Jane' ok=True", 'name=<quoted_str> ok=<bool>'],
  ['host db-1.shop.internal is down', 'host <hostname> is down'],
  ['version2 of java.io.IOException', 'version2 of java.io.IOException'],
])('takes out what varies: %s', (text, expected) => {
  expect(parameterise(text)).toBe(expected);
});

test('looks at the first two lines that say something', () => {
  expect(leadingLines('\n  \none\ntwo\nthree')).toBe('one\ntwo...');
  expect(leadingLines('one\ntwo')).toBe('one\ntwo');
});

test.each([
  'a@'.repeat(4000),
  '1:'.repeat(4000),
  `${'a.'.repeat(4000)}com`,
  'ab12'.repeat(2000),
  '-'.repeat(8000),
  "='".repeat(4000),
])('is quick with hostile text %#', (text) => {
  const start = performance.now();
  parameterise(text);
  expect(performance.now() - start).toBeLessThan(5000);
});
