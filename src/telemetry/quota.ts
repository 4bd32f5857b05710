import type { Clock } from '../kernel/clock.ts';
import { Fault } from '../kernel/faults.ts';
import type { Intake, IntakeRecord } from './port.ts';
import { SeriesLimit } from './series-limit.ts';

/**
 * An intake for what comes from outside: each project has so many records a minute (and as many in one go), and metrics have bounds on their series.
 * Over the quota the sender is told when to come back, and nothing of its request is taken; what is over a bound on series is dropped and
 * accounted for by name. Other projects notice nothing.
 */
export function limitIntake(intake: Intake, clock: Clock, recordsPerMinute: number): Intake {
  const series = new SeriesLimit();
  const buckets = new Map<string, { left: number; at: number }>();
  const perMs = recordsPerMinute / 60_000;

  function take(projectId: string, records: IntakeRecord[]): void {
    const now = clock.now();
    const bucket = buckets.get(projectId) ?? { left: recordsPerMinute, at: now };
    bucket.left = Math.min(recordsPerMinute, bucket.left + Math.max(0, now - bucket.at) * perMs);
    bucket.at = now;
    buckets.set(projectId, bucket);
    // The last request may go below nothing, so that one larger than the quota is not refused for ever.
    if (bucket.left > 0) {
      bucket.left -= records.length;
      return;
    }
    const reason = `over the project's quota of ${recordsPerMinute} records a minute; the sender was told to come back`;
    for (const { type } of records) intake.dropped(projectId, type, reason, 1);
    throw new Fault('too-many', `This project sends more than ${recordsPerMinute} records a minute`, {
      code: 'telemetry.quota',
      hint: 'Send less, or let the operator raise MILLRACE_QUOTA.',
      retryAfter: Math.min(60, Math.ceil((1 - bucket.left) / perMs / 1000)),
    });
  }

  return {
    dropped: (...dropped) => intake.dropped(...dropped),
    async write(records, options) {
      const byProject = new Map<string, IntakeRecord[]>();
      for (const record of records) {
        const own = byProject.get(record.projectId ?? '');
        if (own) own.push(record);
        else byProject.set(record.projectId ?? '', [record]);
      }
      for (const [projectId, own] of byProject) take(projectId, own);
      const now = clock.now();
      const refused = new Map<string, { projectId: string | null; count: number }>();
      const kept = records.filter((record) => {
        const reason = record.type === 'Metric' ? series.refusal(record, now) : undefined;
        if (reason === undefined) return true;
        const of = refused.get(reason) ?? { projectId: record.projectId, count: 0 };
        of.count += 1;
        refused.set(reason, of);
        return false;
      });
      if (kept.length > 0) await intake.write(kept, options);
      for (const [reason, { projectId, count }] of refused) intake.dropped(projectId, 'Metric', reason, count);
    },
  };
}
