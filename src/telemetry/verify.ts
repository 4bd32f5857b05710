import type { Clock } from '../kernel/clock.ts';
import { Fault } from '../kernel/faults.ts';
import { faultOf, NrqlError } from './nrql/problems.ts';
import { parseOrFault, type Questions } from './query.ts';

export interface VerificationScope {
  projectId: string;
  environment: string;
  release: string;
  /** Unix milliseconds: when the release began to take traffic. */
  since: number;
}

export interface Verdict {
  verdict: 'holds' | 'fails' | 'unknown';
  /** What was measured; null without data. */
  value: number | null;
  /** One sentence for people. */
  explanation: string;
}

/** How long a gate may take. */
const gateSeconds = 10;

/**
 * Whether a gate holds: an NRQL query of one number that ends in a comparison, asked only of what this release did in this
 * environment since then. A query that counts says `unknown` too when its event types had no records at all there, since zero
 * of nothing proves nothing; so does a store that does not answer. A text that is no gate is a Fault.
 */
export async function verify(
  questions: Questions,
  clock: Clock,
  where: string,
  at: VerificationScope,
): Promise<Verdict> {
  const query = parseOrFault(where);
  const refuse = (message: string, hint: string): never => {
    throw faultOf(where, new NrqlError(query.comparison ?? { at: where.length, end: where.length }, message, hint));
  };
  const { comparison } = query;
  if (!comparison)
    return refuse('This gate compares with nothing', 'End it with a comparison: SELECT ... FROM Transaction < 1.');
  if (query.select.length !== 1 || query.facet.length > 0 || query.timeseries || query.compare) {
    return refuse('A gate measures one number', 'Leave out FACET, TIMESERIES and COMPARE WITH, and select one value.');
  }
  const now = clock.now();
  const options = {
    scope: { projectId: at.projectId, environment: at.environment, release: at.release },
    now,
    window: { since: at.since, until: Math.max(now, at.since + 1) },
    seconds: gateSeconds,
  };
  try {
    const answer = await questions.ask(where, options);
    if (answer.shape !== 'table' || !answer.comparison)
      return refuse('A gate measures one number', 'Select an aggregate, such as count(*).');
    const { value, verdict } = answer.comparison;
    const label = answer.columns[0]?.label ?? 'value';
    if (value === null)
      return { verdict: 'unknown', value, explanation: `${label} has no value yet: nothing was recorded` };
    const explanation = `${label} is ${round(value)}; wanted ${comparison.operator} ${comparison.threshold}`;
    if (value !== 0 || verdict === 'fails') return { verdict, value, explanation };
    return (await sawAnything(questions, options))
      ? { verdict, value, explanation }
      : { verdict: 'unknown', value, explanation: `${explanation}, but this release has recorded nothing here yet` };
  } catch (error) {
    if (error instanceof Fault && error.kind !== 'invalid') {
      return { verdict: 'unknown', value: null, explanation: `It could not be asked: ${error.message}` };
    }
    throw error;
  }
}

/** Whether the release shows any sign of life: a zero is only good news when somebody could have been counted. */
async function sawAnything(questions: Questions, options: Parameters<Questions['ask']>[1]): Promise<boolean> {
  const answer = await questions.ask(
    'SELECT count(*) FROM Transaction, Span, Log, Metric, ErrorEvent, GatewayRequest, CheckResult',
    options,
  );
  return Number(answer.rows[0]?.[0] ?? 0) > 0;
}

const round = (value: number): number => Number(value.toPrecision(6));
