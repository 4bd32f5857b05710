import type { JobSummary } from '../../../src/pipelines/api.ts';

/** What a graph shows as one: the copies of a job, or all cells of a matrix. */
export interface JobNode {
  id: string;
  /** The job's name, or that of the matrix. */
  name: string;
  requires: string[];
  jobs: JobSummary[];
  /** Names of the matrix's parameters; absent for a job by itself. */
  parameters?: string[] | undefined;
}

const worstFirst = ['failed', 'infrastructure_fail', 'running', 'on_hold', 'queued', 'canceled', 'blocked', 'success'];

/** The copy that tells most about a job: a failed one before a running one before the rest. */
export function leadingJob(jobs: readonly JobSummary[]): JobSummary {
  return jobs.toSorted((a, b) => worstFirst.indexOf(a.status) - worstFirst.indexOf(b.status))[0]!;
}

/**
 * The nodes of a workflow's graph. Cells of one matrix are one node when they wait for the same jobs; cells that differ in
 * that (their requirements name matrix values) stay apart, or the graph would show ways that are none.
 */
export function nodesOf(jobs: readonly JobSummary[]): JobNode[] {
  const together = new Map<string, JobSummary[]>();
  for (const job of jobs) {
    const id = job.matrix ? `matrix ${job.matrix.name} ${JSON.stringify(job.requires)}` : job.key;
    together.set(id, [...(together.get(id) ?? []), job]);
  }
  const nodeOf = new Map<string, string>();
  const nodes = [...together].map(([id, members]): JobNode => {
    const { matrix, name, key } = members[0]!;
    const several = matrix !== null && members.some((job) => job.key !== key);
    const own = several ? id : key;
    for (const job of members) nodeOf.set(job.key, own);
    const requires = members[0]!.requires.map((one) => one.key);
    if (!several) return { id: own, name, requires, jobs: members };
    return { id: own, name: matrix.name, requires, jobs: members, parameters: Object.keys(matrix.values).sort() };
  });
  for (const node of nodes) node.requires = [...new Set(node.requires.flatMap((key) => nodeOf.get(key) ?? []))];
  return nodes;
}

/** One job that an approval lets go on. */
export interface Follower {
  job: JobSummary;
  /** 1 for what goes on at once, 2 for what comes after that, and so on. */
  turn: number;
  /** Names of jobs it needs besides, which have not ended yet. */
  needs: string[];
}

/** What goes on once a job succeeds and all after it succeeds too, in order. Jobs for other outcomes are left out. Pure. */
export function followers(jobs: readonly JobSummary[], key: string): Follower[] {
  const turns = new Map([[key, 0]]);
  const byKey = new Map(jobs.map((job) => [job.key, job]));
  for (let grown = true; grown; ) {
    grown = false;
    for (const job of byKey.values()) {
      const turn = turnOf(job, turns);
      if (job.finishedAt || turn === undefined || turn === turns.get(job.key)) continue;
      turns.set(job.key, turn);
      grown = true;
    }
  }
  turns.delete(key);
  return [...turns]
    .map(([one, turn]): Follower => {
      const job = byKey.get(one)!;
      const needs = job.requires.flatMap((required) => {
        const other = byKey.get(required.key);
        return other && required.key !== key && !turns.has(required.key) && !other.finishedAt ? [other.name] : [];
      });
      return { job, turn, needs };
    })
    .sort((a, b) => a.turn - b.turn);
}

/** After how many others a job comes; undefined when it does not follow, or only when something else happens than success. */
function turnOf(job: JobSummary, turns: ReadonlyMap<string, number>): number | undefined {
  let last: number | undefined;
  for (const { key, outcomes } of job.requires) {
    const turn = turns.get(key);
    if (turn === undefined) continue;
    if (!outcomes.includes('success')) return undefined;
    last = Math.max(last ?? 0, turn + 1);
  }
  // A file has no cycles; a bound keeps what cannot be from going on for ever.
  return last !== undefined && last > turns.size ? turns.get(job.key) : last;
}
