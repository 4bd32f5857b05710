import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createMasker, mask } from './masker.ts';

const masked = (values: string[], text: string): string => createMasker(values).text(text);

function inPieces(values: string[], bytes: Buffer, sizes: number[]): string {
  const stream = createMasker(values).open();
  const parts: Buffer[] = [];
  let position = 0;
  for (let index = 0; position < bytes.length; index += 1) {
    const size = sizes.length === 0 ? bytes.length : sizes[index % sizes.length]!;
    parts.push(Buffer.from(stream.push(Buffer.from(bytes.subarray(position, position + size)))));
    position += size;
  }
  parts.push(Buffer.from(stream.end()));
  return Buffer.concat(parts).toString('latin1');
}

describe('what is masked', () => {
  const secret = 'p@ss/w0rd "x" $Y';
  const pem = '-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\nshort\n-----END KEY-----\n';

  it('hides a value and leaves the rest', () => {
    expect(masked(['hunter22'], 'user=a password=hunter22.')).toBe(`user=a password=${mask}.`);
  });

  it.each([
    ['base64', Buffer.from(secret).toString('base64')],
    ['URL', encodeURIComponent(secret)],
    ['JSON', JSON.stringify(secret).slice(1, -1)],
    ['hex', Buffer.from(secret).toString('hex')],
    ['upper-case hex', Buffer.from(secret).toString('hex').toUpperCase()],
    ['form', new URLSearchParams({ a: secret }).toString().slice(2)],
    ['XML', 'p@ss/w0rd &quot;x&quot; $Y'],
    ['shell', 'p@ss/w0rd\\ \\"x\\"\\ \\$Y'],
  ])('hides its %s form', (_, form) => {
    expect(masked([secret], `<${form}>`)).toBe(`<${mask}>`);
  });

  it('hides base64 of the value inside a longer text, at every alignment', () => {
    const value = 'correct-horse-battery';
    for (const before of ['', 'a', 'ab', 'user:', 'admin:x']) {
      const encoded = Buffer.from(`${before}${value}tail`).toString('base64');
      const output = masked([value], encoded);
      expect(output).toContain(mask);
      expect(Buffer.from(output.replaceAll(mask, ''), 'base64').toString('latin1')).not.toContain(value.slice(2, 8));
    }
  });

  it('hides base64 as command line tools wrap it', () => {
    const value = 'x7'.repeat(80);
    const wrapped = Buffer.from(value).toString('base64').replace(/.{76}/g, '$&\n');
    expect(masked([value], wrapped)).toBe(`${mask}\n${mask}\n${mask}`);
  });

  it('hides the long lines of a multi-line value and keeps the line structure', () => {
    expect(masked([pem], `a\n${pem}b`)).toBe(`a\n${mask}\n${mask}\nshort\n${mask}\nb`);
    expect(masked([pem], JSON.stringify(pem))).toBe(`"${mask}"`);
  });

  it('leaves short values and plain words alone', () => {
    expect(masked(['abc', 'true', 'False', ''], 'abc true False')).toBe('abc true False');
    expect(createMasker(['abc']).isEmpty).toBe(true);
  });

  it('joins overlapping secrets into one mask', () => {
    expect(masked(['abcdef', 'defghi'], '<abcdefghi>')).toBe(`<${mask}>`);
  });
});

describe('streams', () => {
  it('holds back only what may be the beginning of a secret', () => {
    const stream = createMasker(['hunter22']).open();
    expect(stream.push(Buffer.from('plain line\n')).toString()).toBe('plain line\n');
    expect(stream.push(Buffer.from('see hunt')).toString()).toBe('see ');
    expect(stream.push(Buffer.from('ing\n')).toString()).toBe('hunting\n');
    expect(stream.push(Buffer.from('hunter22')).toString()).toBe(mask);
    expect(stream.end().toString()).toBe('');
  });

  const alphabet = fc.string({ unit: fc.constantFrom('a', 'b', 'c', 'd'), minLength: 4, maxLength: 9 });

  it('gives the same bytes however the input is cut', () => {
    fc.assert(
      fc.property(
        fc.array(alphabet, { minLength: 1, maxLength: 4 }),
        fc.string({ unit: fc.constantFrom('a', 'b', 'c', 'd', '\n'), maxLength: 200 }),
        fc.array(fc.integer({ min: 1, max: 7 }), { maxLength: 6 }),
        (values, text, sizes) => {
          const bytes = Buffer.from(text);
          expect(inPieces(values, bytes, sizes)).toBe(createMasker(values).bytes(bytes).toString('latin1'));
        },
      ),
      { numRuns: 500 },
    );
  });

  it('lets no secret survive, raw or encoded, in any bytes and any pieces', () => {
    const value = fc.string({ unit: 'grapheme', minLength: 4, maxLength: 30 }).filter((text) => !text.includes('*'));
    fc.assert(
      fc.property(
        fc.array(value, { minLength: 1, maxLength: 3 }),
        fc.array(fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.nat(2)), { maxLength: 12 }),
        fc.array(fc.integer({ min: 1, max: 50 }), { maxLength: 5 }),
        (values, parts, sizes) => {
          const bytes = Buffer.concat(
            parts.map((part) => (typeof part === 'number' ? Buffer.from(values[part % values.length]!) : part)),
          );
          const output = inPieces(values, bytes, sizes);
          for (const each of values) {
            if (['true', 'false', 'null', 'none'].includes(each.trim().toLowerCase()) || each.trim().length < 4)
              continue;
            if (/[\r\n]/.test(each)) continue;
            expect(output).not.toContain(Buffer.from(each).toString('latin1'));
            expect(createMasker(values).text(Buffer.from(each).toString('hex'))).toContain(mask);
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});
