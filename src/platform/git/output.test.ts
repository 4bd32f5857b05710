import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseLog, parseMoves, parsePaths, parseRefs, parseRemoteHead, parseTree } from './output.ts';
import { checkRevision, checkTreePath, isRefName } from './refs.ts';

const a = 'a'.repeat(40);
const b = 'b'.repeat(40);
const none = '0'.repeat(40);

describe('what git prints', () => {
  it('reads commits, also with separators inside the message', () => {
    const output = Buffer.from(`${a}\x1f${b} ${b}\x1fAda\x1fa@x\x1f10\x1fBob\x1fb@x\x1f20\x1fTitle\n\nBo\x1fdy\n\0`);
    expect(parseLog(output)).toEqual([
      {
        sha: a,
        parents: [b, b],
        author: { name: 'Ada', email: 'a@x' },
        committer: { name: 'Bob', email: 'b@x' },
        authoredAt: 10_000,
        committedAt: 20_000,
        message: 'Title\n\nBo\x1fdy',
      },
    ]);
  });

  it('reads tree entries with blanks in names', () => {
    const output = Buffer.from(
      `100755 blob ${a}      12\ta b.sh\x00040000 tree ${b}       -\tsub\x00120000 blob ${a} 3\tl\x00160000 commit ${b} -\tm\0`,
    );
    expect(parseTree(output, 'dir').map((entry) => [entry.path, entry.kind, entry.executable, entry.size])).toEqual([
      ['dir/a b.sh', 'file', true, 12],
      ['dir/sub', 'directory', false, null],
      ['dir/l', 'link', false, 3],
      ['dir/m', 'submodule', false, null],
    ]);
  });

  it('reads ref moves, where zeros mean none', () => {
    expect(parseMoves(`${none} ${a} refs/heads/x y\n${a} ${none} refs/tags/v1\nnonsense\n`)).toEqual([
      { before: null, after: a, ref: 'refs/heads/x y' },
      { before: a, after: null, ref: 'refs/tags/v1' },
    ]);
  });

  it('reads refs and the remote’s HEAD', () => {
    expect(parseRefs(Buffer.from(`refs/tags/v1\0${a}\0${b}\x005\0Hi\n`))).toEqual([
      { name: 'refs/tags/v1', object: a, target: b, at: 5000, subject: 'Hi' },
    ]);
    expect(parseRemoteHead(Buffer.from(`ref: refs/heads/trunk\tHEAD\n${a}\tHEAD\n`))).toBe('trunk');
  });

  it('never throws, whatever it reads', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        const output = Buffer.from(bytes);
        parseLog(output);
        parseRefs(output);
        parseTree(output);
        parsePaths(output);
        parseMoves(output.toString());
        parseRemoteHead(output);
      }),
    );
  });
});

describe('names from outside', () => {
  it.each(['main', 'feature/x-1', 'v1.2.3', 'refs/heads/main', 'ümlaut', 'a@b'])('takes %j', (name) => {
    expect(checkRevision(name)).toBe(name);
  });

  it.each([
    '',
    '-x',
    '--upload-pack=x',
    'a..b',
    'main@{1}',
    'main^',
    'a:b',
    'a b',
    'a\n',
    'x.lock',
    'a//b',
    '/a',
    'a/',
    '.a',
    'a/.b',
    '@',
    'a?',
    'a*',
    'a\\b',
    'x'.repeat(256),
  ])('refuses %j', (name) => {
    expect(isRefName(name)).toBe(false);
    expect(() => checkRevision(name)).toThrow();
  });

  it('lets no path leave the tree', () => {
    expect(checkTreePath('a/b c/d')).toBe('a/b c/d');
    for (const path of ['../a', 'a/../b', '/a', 'a//b', './a', 'a\0b', 'a/'])
      expect(() => checkTreePath(path)).toThrow();
  });
});
