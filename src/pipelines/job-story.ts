import type { JobOutcome } from './plan.ts';
import type { Job } from './run.ts';
import { groupOutcome, type JobState } from './run-state.ts';

/** What a job waited for once nothing of its run held it back any more. */
export interface Wait {
  /** `an approval`, `the lock shop`, `a free place to run`. */
  what: string;
  /** Unix milliseconds; `to` is null while it lasts. */
  from: number;
  to: number | null;
}

type Told = Pick<
  Job,
  'key' | 'name' | 'kind' | 'status' | 'requires' | 'reason' | 'approvedBy' | 'inheritedFrom' | 'spec'
> &
  Pick<Job, 'queuedAt' | 'startedAt' | 'finishedAt'>;

/** The copies of each job of a run, by its key. */
export type Copies = ReadonlyMap<string, readonly Pick<Job, 'name' | 'status'>[]>;

export function copiesOf(jobs: readonly Pick<Job, 'key' | 'name' | 'status'>[]): Copies {
  const copies = new Map<string, Pick<Job, 'name' | 'status'>[]>();
  for (const job of jobs) {
    const known = copies.get(job.key);
    if (known) known.push(job);
    else copies.set(job.key, [job]);
  }
  return copies;
}

const mostNames = 4;
const words: Record<JobOutcome, string> = {
  success: 'succeeded',
  failed: 'failed',
  canceled: 'was canceled',
  unauthorized: 'was refused',
  not_run: 'did not run',
};

/** Why a job ran or was left out, in a sentence; null while that is not decided. Pure. */
export function whyOf(job: Told, copies: Copies): string | null {
  if (job.inheritedFrom) return 'It is taken over from an earlier run of the same commit';
  if (job.status === 'blocked') return null;
  if (job.status === 'not_run') return unmet(job, copies) ?? job.reason;
  if (job.status === 'canceled' && job.startedAt === null) return job.reason;
  const met = job.requires.flatMap(({ key }) => outcomeOf(key, copies) ?? []);
  if (met.length === 0) return 'It requires no other job';
  const outcomes = [...new Set(met.map(({ outcome }) => outcome))];
  return `It went on because ${outcomes
    .map((outcome) => {
      const names = met.filter((one) => one.outcome === outcome).map(({ name }) => name);
      return `${listed(names)} ${names.length > 1 ? words[outcome].replace(/^was /, 'were ') : words[outcome]}`;
    })
    .join(' and ')}`;
}

/** The requirements that keep a job from running for good; undefined when there are none. */
export function unmet(job: Pick<JobState, 'requires'>, copies: Copies): string | undefined {
  for (const { key, outcomes } of job.requires) {
    const found = outcomeOf(key, copies);
    if (!found || outcomes.includes(found.outcome)) continue;
    const wanted = outcomes.map((outcome) => words[outcome]).join(' or ');
    return `${found.name} ${words[found.outcome]}, and this job runs only if it ${wanted}`;
  }
  return undefined;
}

/** What it waited for between its requirements and its start, and how long; nothing for jobs that never came so far. */
export function waitOf(job: Told): Wait | null {
  if (job.queuedAt === null || job.inheritedFrom || job.kind === 'no-op' || job.kind === 'unlock') return null;
  // Approvals and locks are over when their wait is; nothing starts.
  const to = job.startedAt ?? job.finishedAt;
  return { what: waitedFor(job), from: job.queuedAt, to };
}

function waitedFor(job: Told): string {
  if (job.kind === 'approval') return job.approvedBy ? `the approval of ${job.approvedBy.name}` : 'an approval';
  if (job.kind === 'lock') return `the lock ${job.spec.lockKey}`;
  if (job.spec.serialGroup !== undefined) return `its turn in the serial group ${job.spec.serialGroup}`;
  return 'a free place to run';
}

function outcomeOf(key: string, copies: Copies): { name: string; outcome: JobOutcome } | undefined {
  const all = copies.get(key);
  if (!all) return undefined;
  const outcome = groupOutcome(all.map(({ status }) => status));
  return outcome === 'open' ? undefined : { name: all[0]!.name, outcome };
}

function listed(names: string[]): string {
  const shown = names.slice(0, mostNames);
  const rest = names.length - shown.length;
  if (rest > 0) return `${shown.join(', ')} and ${rest} more`;
  return shown.length > 1 ? `${shown.slice(0, -1).join(', ')} and ${shown.at(-1)}` : shown.join('');
}
