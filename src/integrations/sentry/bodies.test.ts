import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readAttachments, readCheckInRequest, readMinidump, readReportForm, readSecurityReport } from './bodies.ts';
import { parseMultipart } from './multipart.ts';
import { eventOfReport } from './security.ts';

const place = (contentType?: string, query: Record<string, unknown> = {}, eventId?: string) => ({
  contentType,
  userAgent: 'Mozilla/5.0',
  query,
  eventId,
  monitor: undefined,
});
const multipart = (...parts: [headers: string, body: string][]): Buffer =>
  Buffer.from(
    `${parts.map(([headers, body]) => `--xyz\r\n${headers}\r\n\r\n${body}\r\n`).join('')}--xyz--\r\n`,
    'latin1',
  );
const type = 'multipart/form-data; boundary=xyz';

describe('multipart bodies', () => {
  test('are taken apart, whatever bytes the parts hold', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ name: fc.stringMatching(/^[a-z_]{1,10}$/), body: fc.uint8Array({ maxLength: 60 }) }), {
          minLength: 1,
          maxLength: 5,
        }),
        (parts) => {
          const bytes = Buffer.concat([
            ...parts.flatMap(({ name, body }) => [
              Buffer.from(`--b\r\nContent-Disposition: form-data; name="${name}"; filename="a \\"b\\".bin"\r\n\r\n`),
              Buffer.from(body),
              Buffer.from('\r\n'),
            ]),
            Buffer.from('--b--'),
          ]);
          fc.pre(!parts.some(({ body }) => Buffer.from(body).includes('--b')));
          const read = parseMultipart(bytes, 'multipart/form-data; boundary="b"');
          expect(read?.map((part) => [part.name, part.filename, Buffer.from(part.body)])).toEqual(
            parts.map(({ name, body }) => [name, 'a "b".bin', Buffer.from(body)]),
          );
        },
      ),
    );
  });

  test('that are none are refused without harm', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('--b', '--', '\r\n', '\r\n\r\n', 'name="x"', 'Content-Disposition: '), {
          maxLength: 30,
        }),
        (parts) => {
          const read = parseMultipart(Buffer.from(parts.join('')), 'multipart/form-data; boundary=b');
          expect(read === null || Array.isArray(read)).toBe(true);
        },
      ),
    );
    expect(parseMultipart(Buffer.from('x'), 'text/plain')).toBeNull();
  });
});

describe('security reports', () => {
  const csp = (report: object) =>
    eventOfReport({ 'csp-report': report }, { release: 'r1', environment: undefined, userAgent: undefined });
  test.each([
    [
      {
        'effective-directive': 'script-src',
        'blocked-uri': 'https://evil.example/x.js?y',
        'document-uri': 'https://shop.example/',
      },
      "Blocked 'script' from 'evil.example'",
      { salt: 'script-src', source: 'evil.example' },
    ],
    [
      { 'violated-directive': "img-src 'self'", 'blocked-uri': 'data:image', 'document-uri': 'https://shop.example/' },
      "Blocked 'img' from 'data'",
      { salt: 'img-src', source: 'data' },
    ],
    [
      { 'effective-directive': 'style-src-elem', 'blocked-uri': 'inline', 'document-uri': 'https://shop.example/' },
      "Blocked unsafe (unsafe-inline) 'style'",
      { salt: 'style-src-elem', violation: "'unsafe-inline'" },
    ],
    [
      {
        'effective-directive': 'connect-src',
        'blocked-uri': 'https://shop.example/api',
        'document-uri': 'https://shop.example/',
      },
      "Blocked 'connect' from ''self''",
      { salt: 'connect-src', source: "'self'" },
    ],
  ])('%j', (report, message, security) => {
    expect(csp(report)).toMatchObject({ message, security, release: 'r1', logger: 'csp' });
  });

  test('in the newer form, and of certificates', () => {
    const newer = [
      {
        type: 'csp-violation',
        body: {
          blockedURL: 'https://evil.example/',
          effectiveDirective: 'script-src',
          documentURL: 'https://a.example/',
        },
      },
    ];
    expect(readSecurityReport(Buffer.from(JSON.stringify(newer)), place()).items.length).toBe(1);
    const pins = { hostname: 'shop.example', port: 443, 'known-pins': [] };
    expect(eventOfReport(pins, { release: undefined, environment: undefined, userAgent: undefined })).toMatchObject({
      message: "Public key pinning validation failed for 'shop.example'",
    });
  });

  test('anything else is refused', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(() => readSecurityReport(Buffer.from(text), place())).toThrow('no security report');
      }),
    );
  });
});

test('a minidump is kept with the event its form describes', () => {
  const body = multipart(
    ['Content-Disposition: form-data; name="upload_file_minidump"; filename="crash.dmp"', 'MDMP\x00\x01'],
    ['Content-Disposition: form-data; name="sentry"', '{"event_id":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","release":"r1"}'],
    ['Content-Disposition: form-data; name="log"; filename="app.log"', 'hello'],
  );
  const { header, items } = readMinidump(body, place(type));
  expect(header).toEqual({ event_id: 'a'.repeat(32) });
  expect(items.map((item) => [item.header.type, item.header.attachment_type, item.header.filename])).toEqual([
    ['event', undefined, undefined],
    ['attachment', 'event.minidump', 'crash.dmp'],
    ['attachment', 'event.attachment', 'app.log'],
  ]);
  expect(JSON.parse(Buffer.from(items[0]!.payload).toString())).toMatchObject({ release: 'r1', level: 'fatal' });
  expect(readMinidump(Buffer.from('MDMP....'), place('application/octet-stream')).items.length).toBe(2);
  expect(() => readMinidump(multipart(['Content-Disposition: form-data; name="x"', 'y']), place(type))).toThrow(
    'minidump',
  );
});

test('files may come after their event, and words through the dialog', () => {
  const body = multipart([
    'Content-Disposition: form-data; name="f"; filename="a.txt"\r\nContent-Type: text/plain',
    'x',
  ]);
  expect(readAttachments(body, place(type, {}, 'b'.repeat(32)))).toMatchObject({
    header: { event_id: 'b'.repeat(32) },
    items: [{ header: { filename: 'a.txt', content_type: 'text/plain' } }],
  });
  expect(() => readAttachments(body, place(type, {}, 'nothing'))).toThrow('names no event');
  const form = readReportForm(
    Buffer.from('name=Jane&email=a%40b.example&comments=it+broke'),
    place('x', { eventId: 'c'.repeat(32), dsn: 'http://k@h/1' }),
  );
  expect(form.header).toEqual({ dsn: 'http://k@h/1' });
  expect(JSON.parse(Buffer.from(form.items[0]!.payload).toString())).toMatchObject({
    comments: 'it broke',
    name: 'Jane',
  });
});

test('a job may check in with nothing but an address', () => {
  const body = { contentType: undefined, userAgent: undefined, eventId: undefined, monitor: 'nightly' };
  const { items } = readCheckInRequest(Buffer.alloc(0), { ...body, query: { status: 'ok', sentry_key: 'k' } });
  expect(JSON.parse(Buffer.from(items[0]!.payload).toString())).toEqual({ status: 'ok', monitor_slug: 'nightly' });
  const posted = readCheckInRequest(Buffer.from('{"status":"error","monitor_slug":"other","duration":3}'), {
    ...body,
    query: {},
  });
  expect(JSON.parse(Buffer.from(posted.items[0]!.payload).toString())).toEqual({
    status: 'error',
    monitor_slug: 'nightly',
    duration: 3,
  });
});
