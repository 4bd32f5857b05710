import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sameSecret } from './compare.ts';
import { type MasterKey, open, rewrap, seal } from './envelope.ts';
import { hashPassword, verifyPassword } from './passwords.ts';

const key = (id: string): MasterKey => ({ id, bytes: randomBytes(32) });
const finder =
  (...keys: MasterKey[]) =>
  (id: string): MasterKey => {
    const found = keys.find((each) => each.id === id);
    if (!found) throw new Error('gone');
    return found;
  };

describe('envelope', () => {
  const first = key('a1');
  const second = key('b2');

  it('opens what it sealed, at its own place only', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (value, place) => {
        const sealed = seal(value, place, first);
        expect(open(sealed, place, finder(first))).toBe(Buffer.from(value).toString());
        expect(() => open(sealed, `${place}x`, finder(first))).toThrow();
      }),
    );
  });

  it('never opens what was altered', () => {
    const sealed = seal('value', 'place', first);
    const body = sealed.lastIndexOf('.') + 1;
    for (let at = body; at < sealed.length - 1; at += 1) {
      const other = sealed[at] === 'A' ? 'B' : 'A';
      expect(() => open(sealed.slice(0, at) + other + sealed.slice(at + 1), 'place', finder(first))).toThrow();
    }
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(() => open(text, 'place', finder(first))).toThrow();
      }),
    );
  });

  it('moves to a new key without the old one being needed afterwards', () => {
    const moved = rewrap(seal('value', 'place', first), 'place', finder(first), second);
    expect(open(moved, 'place', finder(second))).toBe('value');
  });
});

describe('passwords', () => {
  it('knows the right one from a wrong one, and an old cost from today’s', async () => {
    const stored = await hashPassword('correct horse');
    expect(await verifyPassword('correct horse', stored)).toEqual({ matches: true, outdated: false });
    expect((await verifyPassword('correct hors', stored)).matches).toBe(false);
    expect((await verifyPassword('x', 'plain text')).matches).toBe(false);
    expect(await hashPassword('correct horse')).not.toBe(stored);
  });
});

it('compares secrets of any length', () => {
  expect(sameSecret('a', 'a')).toBe(true);
  expect(sameSecret('a', 'ab')).toBe(false);
  expect(sameSecret('', 'ab')).toBe(false);
});
