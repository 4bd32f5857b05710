import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PayloadMemory } from './payload-memory.ts';

test('what is held comes back as it was, or not at all', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 40 }), (payloads) => {
      const memory = new PayloadMemory(100);
      const held = payloads.map((payload) => memory.hold(payload));
      for (const [at, payload] of payloads.entries()) {
        const bytes = held[at]!();
        if (bytes !== undefined) expect([...bytes]).toEqual([...payload]);
      }
      const last = payloads.at(-1);
      if (last && last.length <= 25) expect([...held.at(-1)!()!]).toEqual([...last]);
    }),
  );
});

test('gives way to what comes later, however much that is', () => {
  const memory = new PayloadMemory(100);
  const first = memory.hold(Buffer.alloc(20, 1));
  expect(first()).toEqual(Buffer.alloc(20, 1));
  for (let at = 0; at < 5; at += 1) memory.hold(Buffer.alloc(20, 2));
  expect(first()).toBeUndefined();
});
