import type { Clock } from '../../kernel/clock.ts';
import type { Actor } from '../../kernel/events.ts';
import { Fault } from '../../kernel/faults.ts';
import { badPattern } from '../../kernel/scrub-rules.ts';
import { appendEvent } from '../../platform/events/log.ts';
import type { Log } from '../../platform/observe/log.ts';
import type { Database, Queryable } from '../../platform/postgres/database.ts';
import { json, sql } from '../../platform/postgres/sql.ts';
import { telemetryEvents } from '../events.ts';
import { defaultScrubbing, type RecordScrubber, recordScrubber, type Scrubbing } from './scrub-records.ts';

/** What a project says of the records it takes. */
export interface ProjectSettings {
  /** Records a minute from outside; null: what the installation allows each. */
  recordsPerMinute: number | null;
  scrubbing: Scrubbing;
}

export async function readProject(db: Queryable, projectId: string): Promise<ProjectSettings> {
  const row = await db.first<{ recordsPerMinute: number | null; scrubbing: Partial<Scrubbing> | null }>(sql`
    select records_per_minute as "recordsPerMinute", scrubbing from telemetry_projects where project_id = ${projectId}`);
  return {
    recordsPerMinute: row?.recordsPerMinute ?? null,
    scrubbing: { ...defaultScrubbing, ...row?.scrubbing },
  };
}

/** Quotas that were set, by project. */
export async function readQuotas(db: Queryable): Promise<Map<string, number>> {
  const rows = await db.query<{ id: string; quota: number }>(sql`
    select project_id as id, records_per_minute as quota from telemetry_projects where records_per_minute is not null`);
  return new Map(rows.map(({ id, quota }) => [id, quota]));
}

/** Sets what a project may send a minute, or (null) takes it back to what the installation allows each. */
export async function setQuota(database: Database, projectId: string, quota: number | null, actor: Actor) {
  await database.transaction(async (tx) => {
    const { recordsPerMinute: before } = await readProject(tx, projectId);
    if (before === quota) return;
    await tx.execute(sql`
      insert into telemetry_projects (project_id, records_per_minute) values (${projectId}, ${quota})
      on conflict (project_id) do update set records_per_minute = excluded.records_per_minute`);
    const data = { recordsPerMinute: quota, before };
    await appendEvent(tx, telemetryEvents, 'quota.changed', {
      subject: `project:${projectId}`,
      projectId,
      actor,
      data,
    });
  });
}

/** Sets what is taken out of a project's records. Refuses patterns that cannot be read, naming the pattern. */
export async function setScrubbing(database: Database, projectId: string, scrubbing: Scrubbing, actor: Actor) {
  const bad = badPattern(scrubbing.patterns);
  if (bad) {
    throw new Fault('unprocessable', `The pattern ${bad.pattern} cannot be read`, {
      code: 'telemetry.bad-pattern',
      hint: bad.why,
    });
  }
  await database.transaction(async (tx) => {
    await tx.execute(sql`
      insert into telemetry_projects (project_id, scrubbing) values (${projectId}, ${json(scrubbing)})
      on conflict (project_id) do update set scrubbing = excluded.scrubbing`);
    await appendEvent(tx, telemetryEvents, 'scrubbing.changed', {
      subject: `project:${projectId}`,
      projectId,
      actor,
      data: scrubbing,
    });
  });
}

export const forgetProject = (db: Queryable, projectId: string): Promise<number> =>
  db.execute(sql`delete from telemetry_projects where project_id = ${projectId}`);

/** What holds for a project's records as they come in. */
export interface ProjectTerms {
  recordsPerMinute: number | null;
  scrub: RecordScrubber | null;
}

/** Terms by project, compiled; a change elsewhere is noticed within `remembered` ms. */
export interface TermsBook {
  termsOf(projectId: string): Promise<ProjectTerms>;
  /** They were just changed here. */
  forget(projectId: string): void;
}

const remembered = 5000;

/** Senders are served while the database is away: by what was known last, or by what holds for everyone. */
export function createTermsBook(db: Queryable, clock: Clock, log: Log): TermsBook {
  const known = new Map<string, { until: number; text: string; terms: ProjectTerms }>();
  return {
    async termsOf(projectId) {
      const entry = known.get(projectId);
      if (entry && entry.until > clock.now()) return entry.terms;
      const settings = await readProject(db, projectId).catch((error: unknown) => {
        log.warn({ err: error, projectId }, 'what a project wants of its telemetry could not be read');
        return entry ? undefined : { recordsPerMinute: null, scrubbing: defaultScrubbing };
      });
      const text = settings ? json(settings) : entry!.text;
      const terms =
        !settings || entry?.text === text
          ? entry!.terms
          : { recordsPerMinute: settings.recordsPerMinute, scrub: recordScrubber(settings.scrubbing) };
      if (known.size > 1000) known.clear();
      known.set(projectId, { until: clock.now() + remembered, text, terms });
      return terms;
    },
    forget: (projectId) => void known.delete(projectId),
  };
}
