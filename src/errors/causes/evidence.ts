import type { NotedFact } from '../port.ts';

/** Something that speaks for why an issue appeared. */
export interface Evidence {
  kind: 'change' | 'state' | 'test';
  /** What happened, in one sentence. */
  text: string;
  /** Why it is named: "4 min before, in production". */
  reason: string;
  /** ISO 8601. */
  at: string;
  /** Path in the web app. */
  href: string | null;
}

/** What kinds of facts weigh, at the moment of the error; each minute of distance takes half a point away. */
const weights: Record<string, { kind: Evidence['kind']; weight: number }> = {
  'deployments.variables.changed': { kind: 'change', weight: 70 },
  'secrets.secret.set': { kind: 'change', weight: 65 },
  'secrets.secret.removed': { kind: 'change', weight: 68 },
  'deployments.deployment.switched': { kind: 'change', weight: 60 },
  'deployments.deployment.rolled_back': { kind: 'change', weight: 60 },
  'deployments.environment.changed': { kind: 'change', weight: 55 },
  'deployments.instance.exited': { kind: 'state', weight: 50 },
  'deployments.instance.unhealthy': { kind: 'state', weight: 50 },
  'monitoring.check.changed': { kind: 'state', weight: 45 },
  'alerts.incident.opened': { kind: 'state', weight: 40 },
};

/** Types of facts worth looking for, and how long before an error they may lie (ms). */
export const telling = { types: Object.keys(weights), beforeMs: 60 * 60_000, afterMs: 60_000 } as const;

const most = 6;
const weightOfTest = 80;

/** What is known of the issue when it appears. */
export interface Appearance {
  /** Unix ms. */
  at: number;
  environment: string | null;
  service: string | null;
  release: string | null;
}

/** Ranks what happened around an issue's appearance, the most telling first. Pure. */
export function weigh(issue: Appearance, facts: NotedFact[], failure: TestSight | null): Evidence[] {
  const weighed: { evidence: Evidence; points: number }[] = [];
  for (const fact of facts) {
    const { kind, weight } = weights[fact.type] ?? {};
    if (kind === undefined || weight === undefined) continue;
    // Its own deployment is named as such already.
    if (fact.type === 'deployments.deployment.switched' && fact.release !== null && fact.release === issue.release)
      continue;
    if (fact.environment !== null && issue.environment !== null && fact.environment !== issue.environment) continue;
    if (kind === 'state' && fact.recovered) continue;
    const minutes = (issue.at - fact.at) / 60_000;
    const isHere = fact.environment !== null && fact.environment === issue.environment;
    const isElsewhere = fact.service !== null && issue.service !== null && fact.service !== issue.service;
    const points = weight - Math.abs(minutes) / 2 + (isHere ? 5 : 0) - (isElsewhere ? 20 : 0);
    const place = isHere ? `, in ${fact.environment}` : '';
    weighed.push({
      points,
      evidence: {
        kind,
        text: fact.text,
        reason: distance(minutes) + place,
        at: new Date(fact.at).toISOString(),
        href: fact.href,
      },
    });
  }
  if (failure) {
    weighed.push({
      points: weightOfTest,
      evidence: {
        kind: 'test',
        text: `Seen in run ${failure.run} first: ${failure.test} failed there`,
        reason: `the same ${failure.site.type} in ${failure.site.function ?? failure.site.file}`,
        at: new Date(failure.at).toISOString(),
        href: `/runs/${failure.runId}?tab=tests`,
      },
    });
  }
  return weighed
    .sort((a, b) => b.points - a.points)
    .slice(0, most)
    .map(({ evidence }) => evidence);
}

/** The earliest failure of a test with the same error. */
export interface TestSight {
  runId: string;
  /** Number of the run. */
  run: number;
  test: string;
  at: number;
  site: { type: string; file: string; function: string | null };
}

function distance(minutes: number): string {
  if (Math.abs(minutes) < 1) return 'at that minute';
  const shown = Math.round(Math.abs(minutes));
  return `${shown} min ${minutes > 0 ? 'before' : 'after'}`;
}
