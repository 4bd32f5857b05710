import type { PlannedJob } from './port.ts';

const gigabyte = 1024 ** 3;

/** Processors and gigabytes of the resource classes for containers, by size. */
const sizes: Record<string, [cpus: number, memory: number]> = {
  small: [1, 2],
  medium: [2, 4],
  'medium+': [3, 6],
  large: [4, 8],
  xlarge: [8, 16],
  '2xlarge': [16, 32],
  '2xlarge+': [20, 40],
};

/**
 * What a job's container may use, from its resource class; nothing for a class that says no size, and for none: then the
 * machine is shared as it comes. Never more than the machine has, since an engine refuses that.
 */
export function resourcesOf(
  job: Pick<PlannedJob, 'resourceClass'>,
  machine: { cpus: number; memoryBytes: number },
): { cpus?: number; memoryBytes?: number } {
  const name = (job.resourceClass ?? '').replace(/^(?:arm|linux)\./, '').replace(/\.(?:gen\d+|multi)$/, '');
  const size = Object.hasOwn(sizes, name) ? sizes[name] : undefined;
  if (!size) return {};
  return {
    cpus: Math.min(size[0], machine.cpus),
    memoryBytes: Math.min(size[1] * gigabyte, machine.memoryBytes),
  };
}

/** Why no machine here can run the job, whatever executors there are; undefined when one may. */
export function unrunnable(job: Pick<PlannedJob, 'executor' | 'resourceClass'>): string | undefined {
  const { executor } = job;
  if (executor.kind === 'macos') {
    return `The job asks for macOS with Xcode ${executor.xcode}, and Millrace has no macOS machines; run it elsewhere or filter it out`;
  }
  const windows =
    /^windows/.test(job.resourceClass ?? '') || (executor.kind === 'machine' && /^windows/.test(executor.image ?? ''));
  return windows
    ? 'The job asks for Windows, and Millrace has no Windows machines; run it elsewhere or filter it out'
    : undefined;
}
