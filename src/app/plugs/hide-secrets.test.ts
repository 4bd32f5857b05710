import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { createMasker } from '../../secrets/index.ts';
import type { IntakeRecord } from '../../telemetry/port.ts';
import { hidingIntake } from './hide-secrets.ts';
import { maskJson } from './mask-json.ts';

const masker = createMasker(['kestrel-71', '90210733', 'a"b\\c d']);
const bytes = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
const masked = (value: unknown): unknown => JSON.parse(Buffer.from(maskJson(bytes(value), masker)).toString());

test('JSON keeps its shape: texts, names and whole numbers are hidden, other numbers stay', () => {
  expect(
    masked({
      message: 'with kestrel-71 and a"b\\c d',
      'kestrel-71': [true, null, { deep: 'xkestrel-71x' }],
      vars: { pin: 90210733, sum: 902107331, line: 5432 },
    }),
  ).toEqual({
    message: 'with **** and ****',
    '****': [true, null, { deep: 'x****x' }],
    vars: { pin: '****', sum: 902107331, line: 5432 },
  });
});

test('bytes without a secret come back as they are', () => {
  const clean = bytes({ message: 'nothing here' });
  expect(maskJson(clean, masker)).toBe(clean);
});

test('what is no JSON, or is nested too deep to be written again, is masked all the same', () => {
  const broken = Buffer.from('{"message": "kestrel-71');
  expect(Buffer.from(maskJson(broken, masker)).toString()).toBe('{"message": "****');
  const deep = Buffer.from(`${'['.repeat(200_000)}"kestrel-71"${']'.repeat(200_000)}`);
  expect(Buffer.from(maskJson(deep, masker)).includes('kestrel-71')).toBe(false);
});

test('any JSON with a secret anywhere comes out as JSON without it', () => {
  const secret = 'Zq7#kestrel~of"the\\hills';
  const hiding = createMasker([secret]);
  const place = fc.constantFrom(secret, `a ${secret} b`, 'plain', 'ключ');
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof({ maxDepth: 4 }, place, fc.integer(), tie('list'), tie('record')),
    list: fc.array(tie('value'), { maxLength: 4 }),
    record: fc.dictionary(fc.oneof(place, fc.string(), fc.constant('__proto__')), tie('value'), { maxKeys: 4 }),
  }));
  fc.assert(
    fc.property(value, (json) => {
      const text = Buffer.from(maskJson(bytes(json), hiding)).toString();
      expect(text.includes(JSON.stringify(secret).slice(1, -1))).toBe(false);
      expect(JSON.stringify(JSON.parse(text))).toBe(text);
    }),
  );
});

test('records are hidden by the secrets of their own project only, in their order', async () => {
  const written: IntakeRecord[] = [];
  const intake = hidingIntake(
    { write: async (records) => void written.push(...records), dropped: () => undefined },
    async (projectId) => createMasker(projectId === 'one' ? ['kestrel-71'] : []),
  );
  const record = (projectId: string | null, message: string): IntakeRecord => ({
    type: 'Log',
    timestamp: 1,
    projectId,
    attributes: { message, count: 3 },
  });
  await intake.write([record('one', 'kestrel-71 sings'), record('two', 'kestrel-71'), record(null, 'kestrel-71')]);
  expect(written).toEqual([record('one', '**** sings'), record('two', 'kestrel-71'), record(null, 'kestrel-71')]);
});
