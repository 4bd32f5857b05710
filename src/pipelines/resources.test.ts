import { describe, expect, it } from 'vitest';
import { resourcesOf, unrunnable } from './resources.ts';

const machine = { cpus: 8, memoryBytes: 12 * 1024 ** 3 };

describe('resource classes', () => {
  it.each([
    ['small', 1, 2],
    ['arm.medium', 2, 4],
    ['medium+', 3, 6],
    ['large.gen2', 4, 8],
    ['xlarge', 8, 12],
    ['2xlarge+', 8, 12],
  ])(
    '%s gives a container %d processors and %d GB, and never more than the machine has',
    (resourceClass, cpus, memory) => {
      expect(resourcesOf({ resourceClass }, machine)).toEqual({ cpus, memoryBytes: memory * 1024 ** 3 });
    },
  );

  it.each([undefined, 'team/runner', 'gpu.nvidia.small', 'constructor'])('%s sets no limits', (resourceClass) => {
    expect(resourcesOf({ resourceClass }, machine)).toEqual({});
  });

  it('says why macOS and Windows cannot be had', () => {
    expect(unrunnable({ executor: { kind: 'macos', xcode: '15.4' } })).toContain('Xcode 15.4');
    expect(unrunnable({ executor: { kind: 'machine', image: 'windows-server-2022-gui:current' } })).toContain(
      'Windows',
    );
    expect(unrunnable({ executor: { kind: 'machine' }, resourceClass: 'windows.medium' })).toContain('Windows');
    expect(unrunnable({ executor: { kind: 'machine', image: 'ubuntu-2404:current' } })).toBeUndefined();
  });
});
