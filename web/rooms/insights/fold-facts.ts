import { describeFact } from '../../../src/client/facts.ts';
import { plural } from '../../kit/figures.ts';
import type { Fact } from './fact-row.tsx';

/** Facts of one kind that stand together; nothing in them needs a look. */
export interface FactFold {
  key: string;
  /** `12 steps of jobs lint, test and 3 more`. */
  text: string;
  facts: Fact[];
}

const least = 3;

/**
 * The same facts with the small ones drawn together (the queueing, starting and ending of jobs of a run, sign-ins of a
 * person), so that what led to what is not drowned by them. A job that failed or waits for a person stays a fact of its
 * own; so does `apart`.
 */
export function foldFacts(facts: readonly Fact[], apart?: string): (Fact | FactFold)[] {
  const rows: (Fact | FactFold)[] = [];
  let group: Fact[] = [];
  const close = () => {
    if (group.length < least) rows.push(...group);
    else rows.push({ key: `fold ${group[0]!.id}`, text: foldText(group), facts: group });
    group = [];
  };
  let before: string | undefined;
  for (const fact of facts) {
    const kind = fact.id === apart ? undefined : smallKind(fact);
    if (kind !== before) close();
    if (kind === undefined) rows.push(fact);
    else group.push(fact);
    before = kind;
  }
  close();
  return rows;
}

export function isFold(row: Fact | FactFold): row is FactFold {
  return 'facts' in row;
}

/** What a fact may be drawn together with; undefined when it stands alone. */
function smallKind(fact: Fact): string | undefined {
  if (fact.type === 'identity.person.signed-in') return `sign-in ${fact.actor.id}`;
  if (!fact.type.startsWith('pipelines.job.')) return undefined;
  const { tone } = describeFact(fact);
  return tone === 'bad' || tone === 'warn' ? undefined : `jobs ${String(fact.data.runId)}`;
}

function foldText(facts: Fact[]): string {
  const [first] = facts;
  if (first?.type === 'identity.person.signed-in') return `${first.actor.name} signed in ${facts.length} times`;
  const jobs = [...new Set(facts.map((fact) => String(fact.data.name ?? '')).filter(Boolean))];
  const more = jobs.length > 3 ? ` and ${jobs.length - 3} more` : '';
  return `${plural(facts.length, 'step')} of ${jobs.length === 1 ? 'job' : 'jobs'} ${jobs.slice(0, 3).join(', ')}${more}`;
}
