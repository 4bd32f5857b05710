import { describe, expect, it } from 'vitest';
import {
  type CloneRequest,
  cloneConfig,
  copiesFaster,
  copiesWhole,
  packedRefs,
  parseRefList,
  splitRefs,
} from './checkout-plan.ts';

const request: CloneRequest = {
  repository: '/r.git',
  sha: 'c'.repeat(40),
  branch: 'feature',
  defaultBranch: 'main',
  extent: 'usual',
  directory: '/d',
  url: 'http://localhost:7400/git/shop.git',
};
const refs = parseRefList(
  ['1 refs/heads/feature', '2 refs/heads/main', '3 refs/heads/other', '4 refs/tags/v 1', ''].join('\n'),
);

describe('what a clone holds', () => {
  it('needs the branch, the default branch and all tags; the other branches only by name', () => {
    const split = splitRefs(refs, request);
    expect(split.needed.map((ref) => ref.object)).toEqual(['1', '2', '4']);
    expect(split.others.map((ref) => ref.name)).toEqual(['refs/heads/other']);
    expect(packedRefs(request, split)).toBe(
      '1 refs/remotes/origin/feature\n2 refs/remotes/origin/main\n4 refs/tags/v 1\n3 refs/remotes/origin/other\n',
    );
    const shallow = { ...request, extent: { depth: 1 }, tag: 'v1' };
    expect(packedRefs(shallow, split)).toBe(
      `${request.sha} refs/remotes/origin/feature\n${request.sha} refs/tags/v1\n`,
    );
  });

  it('copies a store whose history is longer than its bytes are many, and walks the one with large files', () => {
    const packed = (objects: number, bytes: number) => ({
      packed: objects,
      loose: 0,
      bytes,
      files: Array(9).fill('f'),
    });
    const loose = (objects: number, bytes: number) => ({
      packed: 0,
      loose: objects,
      bytes,
      files: Array(objects).fill('f'),
    });
    expect(copiesWhole(packed(2000, 1e6))).toBe(true);
    expect(copiesWhole(packed(500_000, 250e6))).toBe(true);
    expect(copiesWhole(packed(30, 500e6))).toBe(false);
    expect(copiesFaster(packed(30, 500e6))).toBe(true);
    // Many small files are slow either way; git reads them faster than they are copied.
    expect(copiesFaster(loose(6000, 28e6))).toBe(false);
  });

  it('writes names of any kind into a configuration that stays one', () => {
    const config = cloneConfig({ ...request, branch: 'a"b', url: 'file:///x\\y"z' }, true);
    expect(config).toContain('url = "file:///x\\\\y\\"z"');
    expect(config).toContain('[branch "a\\"b"]');
    expect(config).toContain('promisor = true');
  });
});
