import type { Client } from '../../client/index.ts';

export interface ChronicleLine {
  /** Milliseconds since the first line. */
  offsetMs: number;
  type: string;
  actor: string;
  data: Record<string, unknown>;
}

export interface Chronicle {
  lines: ChronicleLine[];
  /** The roll back as it measured itself: how long the release served, and of that how long the way back took. */
  rollback: { servedMs: number; durationMs: number; evidence: string[] } | null;
  /** When the first new error of the commit was known (Unix milliseconds). */
  firstError: { at: number } | null;
}

/** What came of the push of a commit: its whole chain of effects, oldest first, as the Timeline shows it. */
export async function chronicleOf(client: Client, projectId: string, sha: string): Promise<Chronicle> {
  const { items } = await client.insights.listEvents({
    query: { projectId, types: 'projects.push.received', limit: 50 },
  });
  const push = items.find((event) => event.data.after === sha);
  if (!push) return { lines: [], rollback: null, firstError: null };
  const { event, effects } = await client.insights.getEvent({ params: { eventId: push.id } });
  const began = Date.parse(event.at);
  const back = effects.findLast((effect) => effect.type === 'deployments.deployment.rolled_back');
  const { servedMs, durationMs, evidence } = back?.data ?? {};
  const error = effects.find((effect) => effect.type === 'errors.issue.opened');
  return {
    rollback:
      typeof servedMs === 'number' && typeof durationMs === 'number'
        ? { servedMs, durationMs, evidence: Array.isArray(evidence) ? evidence.map(String) : [] }
        : null,
    firstError: error ? { at: Date.parse(error.at) } : null,
    lines: [event, ...effects].map((one) => ({
      offsetMs: Date.parse(one.at) - began,
      type: one.type,
      actor: one.actor.name,
      data: one.data,
    })),
  };
}
