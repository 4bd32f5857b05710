import { describeFact } from '../../../src/client/facts.ts';
import type { Fact } from './fact-row.tsx';

/** Facts of jobs of one run that stand together; nothing in them needs a look. */
export interface JobFold {
  key: string;
  jobs: string[];
  facts: Fact[];
}

const least = 3;

/**
 * The same facts with the queueing, starting and ending of jobs drawn together, so that what a run led to is not drowned
 * by it. A job that failed or waits for a person stays a fact of its own; so does `apart`.
 */
export function foldJobs(facts: readonly Fact[], apart?: string): (Fact | JobFold)[] {
  const rows: (Fact | JobFold)[] = [];
  let group: Fact[] = [];
  const close = () => {
    if (group.length < least) rows.push(...group);
    else {
      const jobs = [...new Set(group.map((fact) => String(fact.data.name ?? '')).filter(Boolean))];
      rows.push({ key: `jobs ${group[0]!.id}`, jobs, facts: group });
    }
    group = [];
  };
  for (const fact of facts) {
    const folds = fact.type.startsWith('pipelines.job.') && fact.id !== apart && isQuiet(fact);
    if (!folds || (group[0] && group[0].data.runId !== fact.data.runId)) close();
    if (folds) group.push(fact);
    else rows.push(fact);
  }
  close();
  return rows;
}

function isQuiet(fact: Fact): boolean {
  const { tone } = describeFact(fact);
  return tone !== 'bad' && tone !== 'warn';
}

export function isFold(row: Fact | JobFold): row is JobFold {
  return 'facts' in row;
}
