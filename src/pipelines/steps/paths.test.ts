import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { matchPath, resolvePath, safeName } from './paths.ts';

describe('paths of steps', () => {
  it('are found from the home and the working directory', () => {
    const place = { home: '/home/x', workingDirectory: '/home/x/project' };
    expect(['~', '~/.npm', 'dist', './a/../b', '/opt'].map((path) => resolvePath(path, place))).toEqual([
      '/home/x',
      '/home/x/.npm',
      '/home/x/project/dist',
      '/home/x/project/b',
      '/opt',
    ]);
  });

  it.each([
    ['*', 'a', true],
    ['*', 'a/b', true],
    ['*.js', 'a.js', true],
    ['*.js', 'a.ts', false],
    ['dist', 'dist/x/y', true],
    ['dist/*.js', 'dist/x/y.js', false],
    ['d?st/[a-c]*', 'dist/b1', true],
    ['d?st/[^a-c]*', 'dist/b1', false],
    ['a\\*b', 'a*b', true],
    ['a\\*b', 'axb', false],
    ['.', 'anything/at/all', true],
    ['*a*a*a*a*b', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', false],
  ])('match as Go does: %s %s', (pattern, path, expected) => {
    expect(matchPath(pattern)(path)).toBe(expected);
  });

  it('never leave their directory', () => {
    expect(safeName('../../etc/passwd')).toBeUndefined();
    expect(safeName('/a//./b')).toBe('a/b');
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (name) => {
        const safe = safeName(name);
        if (safe === undefined) return;
        expect(safe.startsWith('/')).toBe(false);
        expect(safe.split('/')).not.toContain('..');
      }),
    );
  });
});
