import type { Clock } from '../kernel/clock.ts';
import { Fault } from '../kernel/faults.ts';
import type { Intake, IntakeRecord } from './port.ts';
import { SeriesLimit } from './series-limit.ts';
import type { ProjectTerms } from './settings/project-settings.ts';

/** What a project sent of late, to this server. */
export interface Usage {
  /** Records taken within the last minute. */
  lastMinute: number;
  /** Records refused since the server started. */
  refused: number;
}

interface Bucket {
  left: number;
  at: number;
  /** Records in this minute of the clock and in the one before. */
  minute: number;
  taken: number;
  before: number;
  refused: number;
}

const minuteMs = 60_000;

/**
 * An intake for what comes from outside: each project has so many records a minute (and as many in one go), metrics have bounds on their
 * series, and what a project wants taken out is taken out. Over the quota the sender is told when to come back, and nothing of its request
 * is taken; what is over a bound on series is dropped and accounted for by name. Other projects notice nothing.
 */
export function limitIntake(
  intake: Intake,
  clock: Clock,
  terms: {
    /** Records a minute for a project that has no quota of its own. */
    recordsPerMinute: number;
    of(projectId: string): Promise<ProjectTerms>;
  },
): Intake & { usage(): Map<string, Usage> } {
  const series = new SeriesLimit();
  const buckets = new Map<string, Bucket>();

  /** Moves the counts on to the present minute. */
  function countedTo(bucket: Bucket, now: number): Bucket {
    const minute = Math.floor(now / minuteMs);
    if (minute !== bucket.minute) {
      bucket.before = minute === bucket.minute + 1 ? bucket.taken : 0;
      bucket.taken = 0;
      bucket.minute = minute;
    }
    return bucket;
  }

  function take(projectId: string, records: IntakeRecord[], own: number | null): void {
    const now = clock.now();
    const quota = own ?? terms.recordsPerMinute;
    const perMs = quota / minuteMs;
    const fresh = { left: quota, at: now, minute: Math.floor(now / minuteMs), taken: 0, before: 0, refused: 0 };
    const bucket = countedTo(buckets.get(projectId) ?? fresh, now);
    bucket.left = Math.min(quota, bucket.left + Math.max(0, now - bucket.at) * perMs);
    bucket.at = now;
    buckets.set(projectId, bucket);
    // The last request may go below nothing, so that one larger than the quota is not refused for ever.
    if (bucket.left > 0) {
      bucket.left -= records.length;
      bucket.taken += records.length;
      return;
    }
    bucket.refused += records.length;
    const which = own === null ? 'the quota of each project' : "the project's own quota";
    const reason = `over ${which}, ${quota} records a minute; the sender was told to come back`;
    for (const { type } of records) intake.dropped(projectId, type, reason, 1);
    throw new Fault('too-many', `This project sends more than ${quota} records a minute, which is ${which}`, {
      code: 'telemetry.quota',
      hint: 'Send less, or let an owner raise the quota of the project in Settings \u203a Intake.',
      retryAfter: Math.min(60, Math.ceil((1 - bucket.left) / perMs / 1000)),
    });
  }

  return {
    dropped: (...dropped) => intake.dropped(...dropped),
    usage() {
      const now = clock.now();
      return new Map(
        [...buckets].map(([projectId, bucket]) => {
          const { taken, before, refused } = countedTo(bucket, now);
          // As if the minute before had been even.
          const lastMinute = Math.round(taken + before * (1 - (now % minuteMs) / minuteMs));
          return [projectId, { lastMinute, refused }];
        }),
      );
    },
    async write(records, options) {
      const byProject = new Map<string, IntakeRecord[]>();
      for (const record of records) {
        const own = byProject.get(record.projectId ?? '');
        if (own) own.push(record);
        else byProject.set(record.projectId ?? '', [record]);
      }
      const scrubs = new Map<string | null, ProjectTerms['scrub']>();
      for (const [projectId, own] of byProject) {
        const { recordsPerMinute, scrub } = projectId === '' ? nobody : await terms.of(projectId);
        take(projectId, own, recordsPerMinute);
        scrubs.set(projectId, scrub);
      }
      const now = clock.now();
      const refused = new Map<string, { projectId: string | null; count: number }>();
      const kept: IntakeRecord[] = [];
      for (const record of records) {
        const reason = record.type === 'Metric' ? series.refusal(record, now) : undefined;
        if (reason === undefined) {
          kept.push(scrubs.get(record.projectId ?? '')?.(record) ?? record);
          continue;
        }
        const of = refused.get(reason) ?? { projectId: record.projectId, count: 0 };
        of.count += 1;
        refused.set(reason, of);
      }
      if (kept.length > 0) await intake.write(kept, options);
      for (const [reason, { projectId, count }] of refused) intake.dropped(projectId, 'Metric', reason, count);
    },
  };
}

/** What belongs to no project has no settings. */
const nobody: ProjectTerms = { recordsPerMinute: null, scrub: null };
