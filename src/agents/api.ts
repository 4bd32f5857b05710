import { z } from 'zod';
import { defineContract } from '../platform/http/contract.ts';

const agent = z.object({
  id: z.string(),
  name: z.string(),
  /** `online`: its heartbeat is fresh. `draining`: it takes no new work. `lost`: silent for longer than its lease. */
  state: z.enum(['online', 'draining', 'lost']),
  slots: z.number().int(),
  busy: z.number().int(),
  /** What it can run and what each absence costs. */
  executors: z.array(z.object({ kind: z.string(), ready: z.boolean(), detail: z.string() })),
  startedAt: z.iso.datetime(),
  seenAt: z.iso.datetime(),
});

/** The agents API: where jobs run. */
export const agentsApi = defineContract('agents', {
  listAgents: {
    method: 'GET',
    path: '/agents',
    summary: 'List agents with their load',
    role: 'viewer',
    response: z.object({ items: z.array(agent), queued: z.number().int() }),
  },
});
