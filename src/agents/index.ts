import { availableParallelism, hostname } from 'node:os';
import { mount } from '../platform/http/contract.ts';
import type { Log } from '../platform/observe/log.ts';
import type { Database } from '../platform/postgres/database.ts';
import { sql } from '../platform/postgres/sql.ts';
import type { Room } from '../platform/room.ts';
import { type AgentSettings, runAgent } from './agent.ts';
import { agentsApi } from './api.ts';
import { agentsMigrations } from './migrations/index.ts';
import type { Workload } from './port.ts';
import { complete, endSpan, leaseSeconds, offer, withdraw } from './queue.ts';

export { agentsMigrations } from './migrations/index.ts';
export type { Workload } from './port.ts';

export interface AgentsDeps {
  database: Database;
  log: Log;
  /** Lasting name of this server; two servers on one database never share one. */
  serverId: string;
  /** Asked for when work comes, so that the room that does the work may be made later. */
  workload: () => Workload;
  /** Jobs at once; default the processors of this machine, at least 2. */
  slots?: number | undefined;
  /** False while no further job should begin here: the disk is full. Those that run go on. */
  hasRoom?: (() => boolean) | undefined;
  /** Default the machine's name. */
  name?: string | undefined;
}

/** Where jobs run: the queue, its leases, and the agent inside this server. */
export function createAgents(deps: AgentsDeps) {
  const settings: AgentSettings = {
    id: deps.serverId,
    name: deps.name ?? hostname(),
    slots: deps.slots ?? Math.max(2, availableParallelism()),
  };
  const room: Room = {
    name: 'agents',
    migrations: agentsMigrations,
    events: [],
    contracts: [mount(agentsApi, { listAgents: () => listAgents(deps.database) })],
    intakes: [],
    loops: [{ name: 'agents.agent', run: (signal) => runAgent(deps, settings, signal) }],
    subscriptions: [],
  };
  return { room, offer, endSpan, withdraw, complete, listAgents: () => listAgents(deps.database) };
}

async function listAgents(database: Database) {
  const items = await database.query<{
    id: string;
    name: string;
    state: 'online' | 'draining' | 'lost';
    slots: number;
    busy: number;
    executors: { kind: string; ready: boolean; detail: string }[];
    startedAt: Date;
    seenAt: Date;
  }>(sql`
    select id, name, slots, executors, started_at as "startedAt", seen_at as "seenAt",
      case when seen_at < clock_timestamp() - make_interval(secs => ${leaseSeconds}) then 'lost'
        when draining then 'draining' else 'online' end as state,
      (select count(*)::int from agents_work where agent_id = agents_agents.id) as busy
    from agents_agents order by name, id`);
  const waiting = await database.first<{ count: number }>(
    sql`select count(*)::int as count from agents_work where agent_id is null`,
  );
  return {
    items: items.map((agent) => ({
      ...agent,
      startedAt: agent.startedAt.toISOString(),
      seenAt: agent.seenAt.toISOString(),
    })),
    queued: waiting?.count ?? 0,
  };
}
