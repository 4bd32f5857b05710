import type { JobKind, JobOutcome } from './plan.ts';

export type RunStatus = 'queued' | 'running' | 'on_hold' | 'success' | 'failed' | 'canceled';
export type JobStatus =
  | 'blocked'
  | 'queued'
  | 'on_hold'
  | 'running'
  | 'success'
  | 'failed'
  | 'canceled'
  | 'not_run'
  | 'infrastructure_fail';
export type FinalJobStatus = Extract<JobStatus, 'success' | 'failed' | 'canceled' | 'not_run' | 'infrastructure_fail'>;

/** What the decisions need to know of a job. Copies of a parallel job share their key. */
export interface JobState {
  id: string;
  key: string;
  kind: JobKind;
  status: JobStatus;
  requires: readonly { key: string; outcomes: readonly JobOutcome[] }[];
}

export interface RunState {
  status: RunStatus;
  /** Somebody asked for the end: nothing new begins. */
  canceling: boolean;
  /** The jobs that may change: all of the run, or those a fact can reach. */
  jobs: readonly JobState[];
  /** When `jobs` are not all: others that theirs require, only to be looked at. */
  around?: readonly JobState[] | undefined;
  /** When `jobs` are not all: in which states any of the others stand. */
  elsewhere?: ReadonlySet<JobStatus> | undefined;
}

/** Something that happened to a run. Facts that no longer apply (late, repeated) change nothing. */
export type RunFact =
  | { kind: 'planned' }
  | { kind: 'started'; jobId: string }
  | { kind: 'finished'; jobId: string; status: FinalJobStatus }
  | { kind: 'approved'; jobId: string }
  | { kind: 'job-canceled'; jobId: string }
  | { kind: 'canceled' };

export interface JobChange {
  jobId: string;
  from: JobStatus;
  to: JobStatus;
}

const finals: ReadonlySet<JobStatus> = new Set(['success', 'failed', 'canceled', 'not_run', 'infrastructure_fail']);

export const isFinal = (status: JobStatus): status is FinalJobStatus => finals.has(status);
export const isRunFinal = (status: RunStatus): boolean =>
  status === 'success' || status === 'failed' || status === 'canceled';

/**
 * The next state of a run after one fact, and which jobs changed on the way, in the order they did. Pure; every change
 * that follows from the fact is in the answer, so that one transaction can store it whole.
 */
export function advance(state: RunState, fact: RunFact): { state: RunState; changes: JobChange[] } {
  const jobs = new Map(state.jobs.map((job) => [job.id, job]));
  const changes: JobChange[] = [];
  const move = (job: JobState, to: JobStatus): void => {
    changes.push({ jobId: job.id, from: job.status, to });
    jobs.set(job.id, { ...job, status: to });
  };
  let canceling = state.canceling;

  const named = 'jobId' in fact ? jobs.get(fact.jobId) : undefined;
  if (fact.kind === 'started' && named?.status === 'queued') move(named, 'running');
  if (fact.kind === 'finished' && (named?.status === 'running' || named?.status === 'queued')) move(named, fact.status);
  if (fact.kind === 'approved' && named?.status === 'on_hold') move(named, 'success');
  if (fact.kind === 'job-canceled' && named && !isFinal(named.status) && named.status !== 'running') {
    move(named, 'canceled');
  }
  if (fact.kind === 'canceled' && !isRunFinal(state.status)) {
    canceling = true;
    for (const job of state.jobs) if (!isFinal(job.status) && job.status !== 'running') move(job, 'canceled');
  }
  // A job that starts lets nothing go.
  if (!canceling && fact.kind !== 'started') settle(jobs, state.around ?? [], move);
  const all = [...jobs.values()];
  const begun = state.status !== 'queued' || changes.some((change) => change.to === 'running');
  const statuses = new Set(state.elsewhere);
  for (const job of all) statuses.add(job.status);
  return { state: { ...state, status: runStatusOf(statuses, begun, canceling), canceling, jobs: all }, changes };
}

/** Lets go every job whose requirements are decided, until nothing moves. */
function settle(
  jobs: Map<string, JobState>,
  around: readonly JobState[],
  move: (job: JobState, to: JobStatus) => void,
): void {
  const groups = new Map<string, JobState[]>();
  const waiting = new Map<string, string[]>();
  for (const job of [...jobs.values(), ...around]) push(groups, job.key, job);
  for (const job of jobs.values()) {
    if (job.status !== 'blocked') continue;
    for (const requirement of job.requires) push(waiting, requirement.key, job.id);
  }
  const outcomeOf = (key: string): JobOutcome | 'open' | 'absent' => {
    const members = groups.get(key);
    return members ? groupOutcome(members.map((one) => (jobs.get(one.id) ?? one).status)) : 'absent';
  };
  const queue = [...jobs.keys()];
  // Grows as it is walked through.
  for (const id of queue) {
    const job = jobs.get(id)!;
    if (job.status !== 'blocked') continue;
    const to = decide(job, outcomeOf);
    if (!to) continue;
    move(job, to);
    if (isFinal(to)) queue.push(...(waiting.get(job.key) ?? []));
  }
}

function push<Value>(map: Map<string, Value[]>, key: string, value: Value): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}

function decide(job: JobState, outcomeOf: (key: string) => JobOutcome | 'open' | 'absent'): JobStatus | undefined {
  let open = false;
  for (const { key, outcomes } of job.requires) {
    const outcome = outcomeOf(key);
    // A requirement that was filtered out of the plan asks for nothing.
    if (outcome === 'absent') continue;
    if (outcome === 'open') open = true;
    else if (!outcomes.includes(outcome)) return 'not_run';
  }
  if (open) return undefined;
  if (job.kind === 'approval') return 'on_hold';
  // A lock is queued until it is granted; no agent gets it.
  return job.kind === 'no-op' || job.kind === 'unlock' ? 'success' : 'queued';
}

/** How the copies of one job ended together: the worst of them. */
export function groupOutcome(statuses: readonly JobStatus[]): JobOutcome | 'open' {
  if (!statuses.every(isFinal)) return 'open';
  if (statuses.some((status) => status === 'failed' || status === 'infrastructure_fail')) return 'failed';
  if (statuses.includes('canceled')) return 'canceled';
  return statuses.includes('not_run') ? 'not_run' : 'success';
}

function runStatusOf(statuses: ReadonlySet<JobStatus>, begun: boolean, canceling: boolean): RunStatus {
  const has = (...wanted: JobStatus[]): boolean => wanted.some((status) => statuses.has(status));
  if ([...statuses].every(isFinal)) {
    // Who ends a run does not ask any more how it would have gone, also where a job had failed by then. CircleCI shows it so.
    if (canceling) return 'canceled';
    if (has('failed', 'infrastructure_fail')) return 'failed';
    return has('canceled') ? 'canceled' : 'success';
  }
  if (has('running')) return 'running';
  if (has('queued')) return begun ? 'running' : 'queued';
  return has('on_hold') ? 'on_hold' : 'running';
}
