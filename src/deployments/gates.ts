import type { RolloutPolicy } from './millrace-file.ts';

export type Verdict = 'holds' | 'fails' | 'unknown';

/** One question a rollout must answer well before its release counts as good. */
export interface Gate {
  kind: 'nrql' | 'gateway';
  /** The NRQL, or the rule in words. */
  where: string;
}

/** What is known of a gate so far. */
export interface GateState extends Gate {
  verdict: Verdict;
  /** Answers in a row that said "fails". */
  failures: number;
  askedAt: number | null;
  explanation: string;
}

export interface Answer {
  index: number;
  at: number;
  verdict: Verdict;
  value: number | null;
  explanation: string;
}

/** Requests the gateway sent to a release since it began to serve. `failed`: answered 5xx, or not answered at all. */
export interface Traffic {
  requests: number;
  failed: number;
}

/** Fewer requests than this say nothing about a share. */
const leastRequests = 5;
const mostFailedShare = 0.05;

/**
 * The gates when `millrace.yaml` names none: fewer than 5 % of the requests through the gateway fail (from 5 requests
 * on), and no error is seen that no earlier release had.
 */
export const defaultGates: Gate[] = [
  { kind: 'gateway', where: 'less than 5 % of the requests through the gateway fail' },
  { kind: 'nrql', where: 'SELECT count(*) FROM ErrorEvent WHERE firstSeenInRelease IS true = 0' },
];

/** The gates of a policy. Queries of the team stand beside the gateway's rule, which always holds. */
export function gatesOf(policy: RolloutPolicy): Gate[] {
  if (policy.where === undefined) return defaultGates;
  return [defaultGates[0]!, ...policy.where.map((where): Gate => ({ kind: 'nrql', where }))];
}

export const freshGate = (gate: Gate): GateState => ({
  ...gate,
  verdict: 'unknown',
  failures: 0,
  askedAt: null,
  explanation: 'not asked yet',
});

/** Milliseconds between two questions to a gate: often enough for a short verification, at most every 5 s. */
export const askEveryMs = (policy: RolloutPolicy): number => Math.max(250, Math.min(5000, policy.verifyMs / 6));

/** A gate that has just failed is asked again this soon: while the doubt lasts, visitors meet what is doubted. */
const doubtMs = 1000;

/** Which gates are to be asked now, by index. */
export function dueGates(gates: readonly GateState[], policy: RolloutPolicy, now: number): number[] {
  const every = askEveryMs(policy);
  return gates.flatMap((gate, index) => {
    const wait = gate.failures > 0 ? Math.min(doubtMs, every) : every;
    return gate.askedAt === null || now - gate.askedAt >= wait ? [index] : [];
  });
}

/** The answer of the gateway's own rule. */
export function judgeTraffic(index: number, traffic: Traffic, at: number): Answer {
  const share = traffic.requests === 0 ? 0 : traffic.failed / traffic.requests;
  const explanation = `${traffic.failed} of ${traffic.requests} requests failed`;
  if (traffic.requests < leastRequests) return { index, at, verdict: 'unknown', value: share * 100, explanation };
  return { index, at, verdict: share < mostFailedShare ? 'holds' : 'fails', value: share * 100, explanation };
}

/** What is known after one more answer. */
export function foldAnswer(gate: GateState, answer: Answer): GateState {
  return {
    ...gate,
    verdict: answer.verdict,
    failures: answer.verdict === 'fails' ? gate.failures + 1 : 0,
    askedAt: answer.at,
    explanation: answer.explanation,
  };
}

/**
 * A gate that failed for good. The gateway's rule has its own least sample, so one answer is enough; a query must fail
 * twice in a row, since a single late record can tip a count for a moment.
 */
export const hasFailed = (gate: GateState): boolean => gate.failures >= (gate.kind === 'gateway' ? 1 : 2);

/** What speaks against the release at the end of the verification: failures, and silence where silence counts. */
export function objections(gates: readonly GateState[], policy: RolloutPolicy): string[] {
  return gates.flatMap((gate) => {
    if (gate.verdict === 'fails') return [`${gate.where}: ${gate.explanation}`];
    if (gate.verdict === 'unknown' && gate.kind === 'nrql' && policy.noData === 'fail') {
      return [`${gate.where}: no data (${gate.explanation})`];
    }
    return [];
  });
}
