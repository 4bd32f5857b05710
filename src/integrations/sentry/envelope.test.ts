import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isTooDeep, parseEnvelope } from './envelope.ts';
import { closesMany, sortItems } from './items.ts';

const read = (text: string) => {
  const parsed = parseEnvelope(Buffer.from(text));
  return parsed.ok
    ? parsed.items.map((item) => [item.header.type, Buffer.from(item.payload).toString()])
    : parsed.detail;
};

test.each([
  ['{}', []],
  ['{}\n', []],
  ['{"event_id":"x"}\n{"type":"event"}\n{"a":1}', [['event', '{"a":1}']]],
  ['{}\n{"type":"event","length":7}\n{"a":1}\n', [['event', '{"a":1}']]],
  [
    '{}\n{"type":"attachment","length":3}\n\n\n\n\n{"type":"event"}\n{}',
    [
      ['attachment', '\n\n\n'],
      ['event', '{}'],
    ],
  ],
  [
    '{}\n{"type":"attachment","length":0}\n\n{"type":"event"}\n{}\n',
    [
      ['attachment', ''],
      ['event', '{}'],
    ],
  ],
  ['{}\n{"type":"attachment","length":0}\n', [['attachment', '']]],
  ['{}\n{"type":"attachment","length":0}', [['attachment', '']]],
  ['{}\n{"type":"session"}\n{"a":1}\r\n', [['session', '{"a":1}\r']]],
  ['{}\n{"type":"event","length":8}\n{"a":1}', 'item 1 is shorter than its length'],
  ['{}\n{"type":"event","length":3}\n{"a":1}', 'item 1 is longer than its length'],
  ['{}\n{"type":"event","length":-1}\n{"a":1}', 'item 1 has a length that is none'],
  ['', 'envelope header: not a JSON object'],
  ['[]\n', 'envelope header: not a JSON object'],
  ['{}\n{"length":1}\nx', 'item 1 has no type'],
  ['{}\nnot json\n', 'header of item 1: not a JSON object'],
  [`{"a":"${'x'.repeat(9000)}"}\n`, 'envelope header: the line is too long'],
])('reads %j', (text, expected) => {
  expect(read(text)).toEqual(expected);
});

const payload = fc.uint8Array({ maxLength: 60 });

test('finds what was put in, with and without lengths', () => {
  const item = fc.record({ type: fc.constantFrom('event', 'attachment', 'log'), payload, measured: fc.boolean() });
  fc.assert(
    fc.property(fc.array(item, { maxLength: 6 }), fc.boolean(), (items, trailing) => {
      // Without a length a payload is one line and not empty.
      const written = items.map((one) =>
        one.measured
          ? one
          : {
              ...one,
              payload:
                Buffer.from(one.payload).toString('hex') === ''
                  ? Buffer.from('-')
                  : Buffer.from(Buffer.from(one.payload).toString('hex')),
            },
      );
      const parts = written.map((one) =>
        Buffer.concat([
          Buffer.from(
            `${JSON.stringify(one.measured ? { type: one.type, length: one.payload.length } : { type: one.type })}\n`,
          ),
          Buffer.from(one.payload),
        ]),
      );
      const bytes = Buffer.concat([
        Buffer.from('{}'),
        ...parts.flatMap((part) => [Buffer.from('\n'), part]),
        ...(trailing ? [Buffer.from('\n')] : []),
      ]);
      const parsed = parseEnvelope(bytes);
      expect(parsed.ok && parsed.items.map((one) => [one.header.type, Buffer.from(one.payload)])).toEqual(
        written.map((one) => [one.type, Buffer.from(one.payload)]),
      );
    }),
  );
});

test('never throws, whatever comes', () => {
  const line = fc.oneof(
    fc.string(),
    fc.json({ maxDepth: 2 }),
    fc.constantFrom('{"type":"event"}', '{"type":"x","length":4}', '{}', ''),
  );
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void parseEnvelope(bytes)));
  fc.assert(fc.property(fc.array(line), (lines) => void parseEnvelope(Buffer.from(lines.join('\n')))));
});

test('tells depth from brackets in texts', () => {
  expect(isTooDeep(Buffer.from('['.repeat(65) + ']'.repeat(65)))).toBe(true);
  expect(isTooDeep(Buffer.from('['.repeat(64) + ']'.repeat(64)))).toBe(false);
  expect(isTooDeep(Buffer.from(JSON.stringify({ a: '[[['.repeat(100), b: '\\"[' })))).toBe(false);
});

test('finds sixteen brackets that close in a row, wherever they stand', () => {
  const text = fc.stringMatching(/^[a]{0,40}[\]}]{12,20}[a]{0,40}([\]}]{0,18}a{0,5}){0,3}$/);
  fc.assert(
    fc.property(text, (json) => {
      expect(closesMany(Buffer.from(json))).toBe(/[\]}]{16}/.test(json));
    }),
  );
});

test.each([
  ['an event alone', 0, true],
  ['an event with a small attachment', 100, true],
  ['an event with a large attachment', 5000, false],
])('%s stays packed as it came: %i bytes beside it', (_, size, stays) => {
  const event = JSON.stringify({ message: 'm'.repeat(2000) });
  const file = 'f'.repeat(size);
  const bytes = Buffer.from(`{}\n{"type":"attachment","length":${size}}\n${file}\n{"type":"event"}\n${event}\n`);
  const gzip = gzipSync(bytes);
  const parsed = parseEnvelope(bytes);
  if (!parsed.ok) throw new Error(parsed.detail);
  const sender = { projectId: 'p', receivedAt: 1, sentAt: undefined, remoteAddress: undefined, service: undefined };
  const { events } = sortItems(parsed.header, parsed.items, { ...sender, refused: new Set(), body: { bytes, gzip } });
  const { payload, packed } = events[0]!;
  expect(Buffer.from(payload).toString()).toBe(event);
  expect(packed !== undefined).toBe(stays);
  if (!packed) return;
  expect(packed).toMatchObject({ of: payload, unpacked: bytes.length });
  expect(bytes.toString('utf8', packed.from, packed.from + payload.length)).toBe(event);
});
