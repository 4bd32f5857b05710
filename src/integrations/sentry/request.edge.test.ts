import { brotliCompressSync, constants, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { credentialsOf, parseDsn } from './auth.ts';
import { decompress } from './decompress.ts';

test('finds the key in each of its places, and refuses two that differ', () => {
  const header = { 'x-sentry-auth': 'Sentry sentry_version=7, sentry_client=sentry.python/1.9.10, sentry_key=abc' };
  expect(credentialsOf(header, {})).toEqual({ key: 'abc', client: 'sentry.python/1.9.10' });
  expect(credentialsOf({ authorization: 'Sentry sentry_key=abc' }, { sentry_key: 'abc' })).toMatchObject({
    key: 'abc',
  });
  expect(credentialsOf({}, { sentry_key: 'abc', sentry_client: 'sentry.javascript.node/11' })).toMatchObject({
    key: 'abc',
  });
  expect(credentialsOf(header, { sentry_key: 'other' })).toBe('conflict');
  expect(credentialsOf({ authorization: 'Bearer sentry_key=abc' }, {})).toBeNull();
  expect(parseDsn('http://abc@localhost:7400/services/web/12')).toEqual({ key: 'abc', projectId: '12' });
  expect(parseDsn('not a dsn')).toBeNull();
});

test('undoes every encoding', async () => {
  const text = Buffer.from('{"hello":"world"}'.repeat(2000));
  for (const [encoding, packed] of [
    ['gzip', gzipSync(text)],
    ['x-gzip', gzipSync(text)],
    ['deflate', deflateSync(text)],
    ['deflate', deflateRawSync(text)],
    ['br', brotliCompressSync(text)],
    ['', text],
    ['compress-o-matic', text],
    // Made by `zstd -19` of "hello zstd" on six lines.
    ['zstd', Buffer.from('28b52ffd04688d00005868656c6c6f207a7374640a0100f459bcbc7b5d20', 'hex')],
  ] as const) {
    const plain = await decompress(packed, encoding);
    if (encoding === 'zstd') expect(plain.toString()).toBe('hello zstd\n'.repeat(6));
    else expect(plain.equals(text)).toBe(true);
  }
});

test('stops bombs and broken streams with a refusal', async () => {
  const zeros = Buffer.alloc(80 * 1024 * 1024);
  await expect(decompress(gzipSync(zeros, { level: 1 }), 'gzip')).rejects.toMatchObject({ kind: 'too-large' });
  const brotli = brotliCompressSync(zeros, { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } });
  await expect(decompress(brotli, 'br')).rejects.toMatchObject({ kind: 'too-large' });
  // A frame of a single segment that claims a gigabyte.
  const claim = Buffer.from('28b52ffda00000004001000000000000', 'hex');
  await expect(decompress(claim, 'zstd')).rejects.toMatchObject({ kind: 'too-large' });
  await expect(decompress(gzipSync('x').subarray(0, 10), 'gzip')).rejects.toMatchObject({ kind: 'invalid' });
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 60 }), async (noise) => {
      const frame = Buffer.concat([Buffer.from('28b52ffd', 'hex'), noise]);
      await decompress(frame, 'zstd').catch((error: { kind: string }) =>
        expect(['invalid', 'too-large']).toContain(error.kind),
      );
    }),
  );
});
