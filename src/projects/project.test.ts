import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkSlug, dsnOf, slugOf, slugPattern } from './project.ts';
import { parseReceipt } from './receipts.ts';
import { checkRemoteUrl } from './remote.ts';

describe('slugs', () => {
  it.each([
    ['My Shop', 'my-shop'],
    ['  Café -- Ñandú 2 ', 'cafe-nandu-2'],
    ['a.b_c/d', 'a-b-c-d'],
  ])('of %j is %j', (name, slug) => {
    expect(slugOf(name)).toBe(slug);
  });

  it.each(['a', '-a', 'a-', 'a--b', 'A', 'a b', '../x', 'x'.repeat(61), 'api', 'settings'])('refuses %j', (slug) => {
    expect(() => checkSlug(slug)).toThrow();
  });

  it('made of any name are valid or refused, and safe in a path', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (name) => {
        const slug = slugOf(name);
        expect(slug).toMatch(/^[a-z0-9-]{0,60}$/);
        if (slug.length > 1) expect(slug).toMatch(slugPattern);
      }),
    );
  });
});

it('writes the DSN that SDKs take', () => {
  const project = { publicKey: 'a'.repeat(32), ingestId: 7 };
  expect(dsnOf(project, 'https://ci.example.org')).toBe(`https://${'a'.repeat(32)}@ci.example.org/7`);
  expect(dsnOf(project, 'http://localhost:7401/x/')).toBe(`http://${'a'.repeat(32)}@localhost:7401/x/7`);
});

describe('addresses of remotes', () => {
  it('are plain http and https', () => {
    expect(checkRemoteUrl('https://github.com/team/shop.git')).toBe('https://github.com/team/shop.git');
  });

  it.each([
    'git@github.com:team/shop.git',
    'ssh://github.com/x',
    'file:///etc/passwd',
    'ext::sh -c touch% /tmp/x',
    '--upload-pack=x',
    'https://token@github.com/team/shop.git',
    'https://u:p@github.com/team/shop.git',
    'https://github.com/x?y=1',
    '',
  ])('are not %j', (url) => {
    expect(() => checkRemoteUrl(url)).toThrow();
  });
});

describe('receipts', () => {
  const pushId = '01890000-0000-7000-8000-000000000000';
  const runId = '01890000-0000-7000-8000-000000010000';
  const [a, b, none] = ['a'.repeat(40), 'b'.repeat(40), '0'.repeat(40)];
  const header = JSON.stringify({ runId, pusher: { personId: null, name: 'Ada' } });

  it('give each ref the ids that were printed for it', () => {
    const moves = parseReceipt(pushId, `${header}\n${a} ${b} refs/heads/main\n${none} ${b} refs/tags/v1\n`, 5)!;
    expect(moves.map((move) => [move.ref, move.before, move.pushId.slice(-4), move.runId.slice(-5)])).toEqual([
      ['refs/heads/main', a, '0000', '10000'],
      ['refs/tags/v1', null, '0001', '10001'],
    ]);
  });

  it('that are damaged are none', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const moves = parseReceipt(pushId, text, 0);
        if (moves) expect(moves).toEqual([]);
      }),
    );
    expect(parseReceipt(pushId, `{}\n${a} ${b} refs/heads/main\n`, 0)).toBeUndefined();
  });
});
