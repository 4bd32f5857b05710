import { roomLimits } from './limits.ts';

/** Groups remembered at a time. */
const remembered = 50_000;

/** Says which events of a group are worth keeping in full: all are counted, but nobody reads a thousand alike of one second. */
export interface Sampler {
  /** `at` is when it arrived (Unix ms). */
  wants(projectId: string, hash: string, release: string | null, at: number): boolean;
}

/** The first events of a group in each release are wanted, then one in each second. Forgets groups when there are too many. */
export function createSampler(): Sampler {
  const groups = new Map<string, { count: number; second: number }>();
  return {
    wants(projectId, hash, release, at) {
      const key = `${projectId} ${hash} ${release ?? ''}`;
      const second = Math.floor(at / 1000);
      const group = groups.get(key);
      if (!group) {
        if (groups.size >= remembered) groups.clear();
        groups.set(key, { count: 1, second });
        return true;
      }
      group.count += 1;
      if (group.count > roomLimits.eventsKeptAtFirst && group.second === second) return false;
      group.second = second;
      return true;
    },
  };
}
