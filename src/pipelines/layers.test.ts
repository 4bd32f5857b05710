import { describe, expect, it } from 'vitest';
import { type Layer, layersFor } from './layers.ts';

const layer = (jobKey: string, paths: string[], nodeIndex = 0): Layer => ({
  jobId: jobKey,
  jobKey,
  nodeIndex,
  step: 1,
  file: jobKey,
  bytes: 1,
  paths,
});
const graph = new Map([
  ['install', []],
  ['build', ['install']],
  ['assets', ['install']],
  ['test', ['build', 'assets']],
  ['other', []],
]);

describe('workspace layers', () => {
  it('are those of upstream jobs, later jobs above earlier ones', () => {
    const all = [layer('build', ['a', 'b']), layer('other', ['a']), layer('assets', ['c']), layer('install', ['a'])];
    const seen = layersFor('test', graph, all);
    expect(seen.layers.map((each) => each.jobKey)).toEqual(['install', 'assets', 'build']);
    expect(seen.clash).toBeUndefined();
    expect(layersFor('install', graph, all).layers).toEqual([]);
  });

  it('clash when two jobs side by side wrote one path', () => {
    expect(layersFor('test', graph, [layer('build', ['x']), layer('assets', ['x'])]).clash).toEqual({
      path: 'x',
      jobs: ['assets', 'build'],
    });
    expect(layersFor('build', graph, [layer('install', ['x'], 0), layer('install', ['x'], 1)]).clash?.path).toBe('x');
  });
});
