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
  /** From the decision to roll back to the last known good serving again, as the rollback itself measured it. */
  rollbackMs: number | null;
}

/** What came of the push of a commit: its whole chain of effects, oldest first, as the Timeline shows it. */
export async function chronicleOf(client: Client, projectId: string, sha: string): Promise<Chronicle> {
  const { items } = await client.insights.listEvents({
    query: { projectId, types: 'projects.push.received', limit: 50 },
  });
  const push = items.find((event) => event.data.after === sha);
  if (!push) return { lines: [], rollbackMs: null };
  const { event, effects } = await client.insights.getEvent({ params: { eventId: push.id } });
  const began = Date.parse(event.at);
  const rollback = effects.findLast((effect) => effect.type === 'deployments.deployment.rolled_back');
  return {
    rollbackMs: typeof rollback?.data.durationMs === 'number' ? rollback.data.durationMs : null,
    lines: [event, ...effects].map((one) => ({
      offsetMs: Date.parse(one.at) - began,
      type: one.type,
      actor: one.actor.name,
      data: one.data,
    })),
  };
}
