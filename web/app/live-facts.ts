/** A fact as the event stream carries it. */
export interface Fact {
  id: string;
  position: number;
  type: string;
  subject: string;
  projectId: string | null;
}

/** Beginning of a query key: room, and operation when only that one is meant. */
export type KeyPrefix = readonly [room: string, operation?: string];

/**
 * Which cached answers a fact makes stale. A room's fact touches that room; some show in another room's answers too.
 * Longest prefix of the type wins.
 */
const touches: Record<string, KeyPrefix[]> = {
  'identity.': [['identity']],
  'projects.': [['projects']],
  'projects.push.': [['projects'], ['pipelines', 'listRuns']],
  'secrets.': [['secrets']],
  'pipelines.run.': [['pipelines'], ['agents']],
  'pipelines.job.': [['pipelines', 'listRuns'], ['pipelines', 'getRun'], ['pipelines', 'getJob'], ['agents']],
  'agents.': [['agents']],
  'deployments.': [['deployments']],
  'deployments.deployment.succeeded': [['deployments'], ['monitoring'], ['errors', 'getIssue']],
  'errors.': [['errors']],
  'monitoring.': [['monitoring']],
  'alerts.': [['alerts']],
  'dashboards.': [['dashboards']],
  'telemetry.': [['telemetry', 'ingest']],
};

const prefixes = Object.keys(touches).sort((a, b) => b.length - a.length);

/** Key prefixes made stale by these facts, each once. The timeline is always among them. */
export function staleAfterFacts(facts: readonly Pick<Fact, 'type'>[]): KeyPrefix[] {
  const stale = new Map<string, KeyPrefix>();
  if (facts.length > 0) stale.set('insights', ['insights']);
  for (const fact of facts) {
    const prefix = prefixes.find((candidate) => fact.type.startsWith(candidate));
    for (const key of prefix ? touches[prefix]! : []) stale.set(key.join('.'), key);
  }
  // A whole room makes its single operations needless.
  return [...stale.values()].filter(([room, operation]) => !operation || !stale.has(room));
}

export type LiveState = 'connecting' | 'live' | 'lost';

export interface Live {
  state: LiveState;
  /** Position of the newest fact seen. */
  position: number;
  /** Facts not yet acted on. */
  waiting: Fact[];
}

export type LiveMessage = { kind: 'open' } | { kind: 'error' } | { kind: 'fact'; fact: Fact } | { kind: 'flushed' };

export const notLive: Live = { state: 'connecting', position: 0, waiting: [] };

/** The next state of the live connection. A fact that was seen before (sent again after a resume) is left out. */
export function nextLive(live: Live, message: LiveMessage): Live {
  switch (message.kind) {
    case 'open':
      return { ...live, state: 'live' };
    case 'error':
      return { ...live, state: 'lost' };
    case 'flushed':
      return { ...live, waiting: [] };
    case 'fact': {
      if (message.fact.position <= live.position) return live;
      return { state: 'live', position: message.fact.position, waiting: [...live.waiting, message.fact] };
    }
  }
}
