import type { LogLine } from '../../../src/telemetry/api.ts';

const beforeMs = 30_000;
const afterMs = 1000;
const most = 40;

interface Happened {
  at: string;
  service: string | null;
  environment: string | null;
  traceId: string | null;
}

/** What to ask the log for around an event: its trace, when it has one, and what its service wrote near it. */
export function aroundOf({ at, service, environment, traceId }: Happened, projectId: string) {
  const time = Date.parse(at);
  const near = {
    projectId,
    service: service ?? undefined,
    environment: environment ?? undefined,
    since: new Date(time - beforeMs).toISOString(),
    until: new Date(time + afterMs).toISOString(),
    limit: most,
  };
  const traced = traceId === null ? undefined : { projectId, traceId, limit: most };
  return { near, traced };
}

/** The newest lines of both, each once, oldest first; those of the trace go first when there is no room for all. */
export function mergeLines(traced: readonly LogLine[], near: readonly LogLine[]): LogLine[] {
  const known = new Set(traced.map(({ cursor }) => cursor));
  const others = near.filter(({ cursor }) => !known.has(cursor));
  const room = Math.max(0, most - traced.length);
  return [...traced.slice(-most), ...(room > 0 ? others.slice(-room) : [])].sort(
    (a, b) => Date.parse(a.at) - Date.parse(b.at),
  );
}
