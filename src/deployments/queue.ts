/** A deployment of one environment that is not finished, as the queue sees it. */
export interface Queued {
  id: string;
  kind: 'deploy' | 'promote' | 'redeploy' | 'rollback';
  status: 'on_hold' | 'queued' | 'running';
  /** Grows with each request. What was asked for later is what is wanted; numbers of releases follow the ends of runs. */
  order: number;
}

export interface QueueDecision {
  start: string | null;
  /** Waiting deployments that a newer release makes pointless, with the one that does. */
  superseded: { id: string; by: string }[];
}

/**
 * One deployment at a time per environment. A roll back goes first; otherwise the latest that may go does. Waiting deploys
 * are superseded by one asked for later, waiting or running; one on hold supersedes only others on hold, since nobody has
 * said yes to it so far.
 */
export function decideQueue(deployments: readonly Queued[]): QueueDecision {
  const forward = (each: Queued): boolean => each.kind === 'deploy' || each.kind === 'promote';
  const superseded: QueueDecision['superseded'] = [];
  for (const each of deployments) {
    if (each.status === 'running' || !forward(each)) continue;
    const newer = deployments
      .filter((other) => other.id !== each.id && forward(other) && other.order > each.order)
      .filter((other) => other.status !== 'on_hold' || each.status === 'on_hold')
      .sort((a, b) => b.order - a.order)[0];
    if (newer) superseded.push({ id: each.id, by: newer.id });
  }
  if (deployments.some((each) => each.status === 'running')) return { start: null, superseded };
  const gone = new Set(superseded.map((each) => each.id));
  const next = deployments
    .filter((each) => each.status === 'queued' && !gone.has(each.id))
    .sort((a, b) => Number(b.kind === 'rollback') - Number(a.kind === 'rollback') || a.order - b.order)[0];
  return { start: next?.id ?? null, superseded };
}
