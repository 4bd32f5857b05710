import type { JobSummary } from '../../../src/pipelines/api.ts';

type Timed = Pick<
  JobSummary,
  'id' | 'key' | 'name' | 'kind' | 'requires' | 'inheritedFrom' | 'startedAt' | 'finishedAt' | 'waited' | 'nodeTotal'
>;

/** One job in time, all Unix ms. A job that never starts (an approval, a lock) has only its wait: `start` is its `end`. */
export interface Bar<Job extends Timed = Timed> {
  job: Job;
  /** When nothing of its run held it back any more. */
  ready: number;
  start: number;
  /** Now while it is under way. */
  end: number;
}

export interface Timing<Job extends Timed = Timed> {
  from: number;
  to: number;
  /** Those that took time in this run, the first to be ready first. */
  bars: Bar<Job>[];
  /** The chain of jobs that decided when the run ended, first to last: the run is as long as it. */
  critical: Bar<Job>[];
  /** How long the jobs of that chain waited, and ran. */
  waitedMs: number;
  ranMs: number;
}

/**
 * Where the time of a run went. From the job that ended last the chain goes back through the requirement that ended last,
 * since that one let it go. Undefined while nothing took time. Pure.
 */
export function timingOf<Job extends Timed>(jobs: readonly Job[], now: number): Timing<Job> | undefined {
  const bars = jobs.flatMap((job) => barOf(job, now) ?? []).sort((a, b) => a.ready - b.ready || a.end - b.end);
  if (bars.length === 0) return undefined;
  const critical = criticalPath(jobs, bars);
  return {
    from: Math.min(...bars.map((bar) => bar.ready)),
    to: Math.max(...bars.map((bar) => bar.end)),
    bars,
    critical,
    waitedMs: critical.reduce((sum, bar) => sum + bar.start - bar.ready, 0),
    ranMs: critical.reduce((sum, bar) => sum + bar.end - bar.start, 0),
  };
}

function barOf<Job extends Timed>(job: Job, now: number): Bar<Job> | undefined {
  if (job.inheritedFrom) return undefined;
  const start = job.startedAt ? Date.parse(job.startedAt) : undefined;
  const ready = job.waited ? Date.parse(job.waited.from) : start;
  if (ready === undefined) return undefined;
  const end = job.finishedAt ? Date.parse(job.finishedAt) : Math.max(now, start ?? ready);
  return { job, ready: Math.min(ready, start ?? ready), start: start ?? end, end };
}

/** Jobs without a bar (locks given back, jobs with nothing to do) pass on what they required. */
function criticalPath<Job extends Timed>(jobs: readonly Job[], bars: readonly Bar<Job>[]): Bar<Job>[] {
  const byKey = new Map<string, Bar<Job>[]>();
  for (const bar of bars) byKey.set(bar.job.key, [...(byKey.get(bar.job.key) ?? []), bar]);
  const requires = new Map(jobs.map((job) => [job.key, job.requires.map(({ key }) => key)]));
  const path: Bar<Job>[] = [];
  const seen = new Set<string>();
  let last = latest(bars);
  while (last) {
    path.unshift(last);
    seen.add(last.job.key);
    last = latest(barsBefore(last.job.key, byKey, requires, seen));
  }
  return path;
}

function barsBefore<Job extends Timed>(
  key: string,
  byKey: ReadonlyMap<string, Bar<Job>[]>,
  requires: ReadonlyMap<string, string[]>,
  seen: Set<string>,
): Bar<Job>[] {
  return (requires.get(key) ?? []).flatMap((required) => {
    if (seen.has(required)) return [];
    const own = byKey.get(required);
    if (own) return own;
    seen.add(required);
    return barsBefore(required, byKey, requires, seen);
  });
}

const latest = <Job extends Timed>(bars: readonly Bar<Job>[]): Bar<Job> | undefined =>
  bars.reduce<Bar<Job> | undefined>((last, bar) => (!last || bar.end > last.end ? bar : last), undefined);

/** Round distances between marks of a time axis so that at most `most` fit into a span, in ms. */
export function markStep(spanMs: number, most: number): number {
  const second = 1000;
  const minute = 60 * second;
  const steps = [100, 200, 500].concat(
    [1, 2, 5, 10, 15, 30].map((count) => count * second),
    [1, 2, 5, 10, 15, 30, 60, 120, 300, 600].map((count) => count * minute),
  );
  return steps.find((step) => spanMs / step <= most) ?? Math.ceil(spanMs / most / (600 * minute)) * 600 * minute;
}
