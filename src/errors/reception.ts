import type { Spool } from '../platform/spool/spool.ts';
import { roomLimits } from './limits.ts';
import { PayloadMemory } from './payload-memory.ts';
import type { ErrorReception, IngestProject, Outcome, ProjectDirectory } from './port.ts';
import { asDecoded, encodeRecord } from './spool-record.ts';

/** Outcomes counted since they were last taken. */
export interface Tally {
  count(projectId: string, outcome: Outcome): void;
  take(): (Outcome & { projectId: string })[];
}

/** Adds up like outcomes, so that a flood of refusals costs one row. */
export function createTally(): Tally {
  let counted = new Map<string, Outcome & { projectId: string }>();
  return {
    count(projectId, outcome) {
      const reason = outcome.reason.slice(0, 100);
      const key = `${projectId} ${outcome.category} ${outcome.outcome} ${reason}`;
      const known = counted.get(key);
      if (known) known.quantity += outcome.quantity;
      // Reasons come from clients: their number is bounded, their sum is not lost.
      else if (counted.size < 10_000) counted.set(key, { projectId, ...outcome, reason });
    },
    take() {
      const taken = [...counted.values()];
      counted = new Map();
      return taken;
    },
  };
}

/** A token bucket: `perSecond` on average, `burst` at once. Times in Unix ms. */
export function createBucket(perSecond: number, burst: number): { take(count: number, now: number): number } {
  let tokens = burst;
  let filledAt: number | undefined;
  return {
    /** Takes tokens, also below zero; returns the seconds until there are any again, 0 when there still are. */
    take(count, now) {
      tokens = Math.min(burst, tokens + ((now - (filledAt ?? now)) / 1000) * perSecond);
      filledAt = now;
      tokens = Math.max(-burst, tokens - count);
      return tokens > 0 ? 0 : Math.ceil(-tokens / perSecond) + 1;
    },
  };
}

export interface ReceptionSurroundings {
  spool: Spool;
  projects: ProjectDirectory;
  tally: Tally;
  now(): number;
}

/** How long the answer to "whose key is this?" is remembered (ms). */
const remembered = 5000;

/** The room's side of the port that protocols hand events to. */
export function createReception({ spool, projects, tally, now }: ReceptionSurroundings): ErrorReception {
  const known = new Map<string, { until: number; project: Promise<IngestProject | undefined> }>();
  const memory = new PayloadMemory(roomLimits.heldBytes);
  const buckets = new Map<string, ReturnType<typeof createBucket>>();
  const bucketOf = (projectId: string): ReturnType<typeof createBucket> => {
    const bucket = buckets.get(projectId) ?? createBucket(roomLimits.eventsPerSecond, roomLimits.eventsAtOnce);
    buckets.set(projectId, bucket);
    return bucket;
  };
  return {
    projectOf(ingestId, publicKey) {
      const key = `${ingestId} ${publicKey}`;
      const found = known.get(key);
      if (found && found.until > now()) return found.project;
      // Anyone can ask for any key.
      if (known.size > 10_000) known.clear();
      const project = projects
        .projectByIngest(ingestId)
        .then((one) => (one?.publicKey === publicKey ? { id: one.id, slug: one.slug } : undefined));
      known.set(key, { until: now() + remembered, project });
      project.catch(() => known.delete(key));
      return project;
    },
    limited(projectId, at) {
      const retryAfter = bucketOf(projectId).take(0, at);
      return retryAfter > 0 ? [{ category: 'error', retryAfter }] : [];
    },
    async accept(events) {
      for (const event of events) bucketOf(event.projectId).take(1, event.receivedAt);
      await Promise.all(
        events.map((event) => {
          const frame = encodeRecord(event);
          return spool.append(frame, asDecoded(event, frame, memory));
        }),
      );
    },
    async acceptItems(items) {
      await Promise.all(items.map((item) => spool.append(encodeRecord(item))));
    },
    count: tally.count,
  };
}
