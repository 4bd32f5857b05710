import type { Actor } from '../../kernel/events.ts';
import { Fault } from '../../kernel/faults.ts';
import { badPattern } from '../../kernel/scrub-rules.ts';
import type { Queryable } from '../../platform/postgres/database.ts';
import { json, msOf, sql } from '../../platform/postgres/sql.ts';
import { parseOwnership } from '../owners/rules.ts';
import { type Filter, type FilterSettings, filterOf, noFilters } from './filters.ts';
import { noScrubbing, type Scrubber, type ScrubSettings, scrubberOf } from './scrub-report.ts';

/** What a project says of the events it takes: which not, what is taken out of them, and who owns which part. */
export interface ProjectSettings {
  filters: FilterSettings;
  scrubbing: ScrubSettings;
  /** Ownership rules as written. */
  ownership: string;
}

export interface KeptSettings extends ProjectSettings {
  /** Unix ms; null when the project never said anything. */
  changedAt: number | null;
  changedBy: string | null;
}

export async function readSettings(db: Queryable, projectId: string): Promise<KeptSettings> {
  const row = await db.first<Partial<KeptSettings>>(sql`
    select filters, scrubbing, ownership, ${msOf('changed_at')} as "changedAt", changed_by as "changedBy"
    from errors_settings where project_id = ${projectId}`);
  return {
    filters: { ...noFilters, ...row?.filters },
    scrubbing: { ...noScrubbing, ...row?.scrubbing },
    ownership: row?.ownership ?? '',
    changedAt: row?.changedAt ?? null,
    changedBy: row?.changedBy ?? null,
  };
}

/** Replaces a project's settings. Refuses rules and patterns that cannot be read, naming the line or the pattern. */
export async function writeSettings(
  db: Queryable,
  projectId: string,
  settings: ProjectSettings,
  actor: Actor,
): Promise<void> {
  const [problem, ...more] = parseOwnership(settings.ownership).problems;
  if (problem) {
    throw new Fault('unprocessable', `Line ${problem.line} of the ownership rules cannot be read: ${problem.message}`, {
      code: 'errors.bad-ownership',
      hint: more.length > 0 ? `${more.length} more lines have problems.` : undefined,
    });
  }
  const bad = badPattern(settings.scrubbing.patterns);
  if (bad) {
    throw new Fault('unprocessable', `The pattern ${bad.pattern} cannot be read`, {
      code: 'errors.bad-pattern',
      hint: bad.why,
    });
  }
  await db.execute(sql`
    insert into errors_settings (project_id, filters, scrubbing, ownership, changed_at, changed_by)
    values (${projectId}, ${json(settings.filters)}, ${json(settings.scrubbing)}, ${settings.ownership}, now(), ${actor.name})
    on conflict (project_id) do update set filters = excluded.filters, scrubbing = excluded.scrubbing,
      ownership = excluded.ownership, changed_at = now(), changed_by = excluded.changed_by`);
}

/** What a project's settings do to an event as it is read. */
export interface Treatment {
  filter: Filter;
  /** Null when there is nothing to take out. */
  scrub: Scrubber | null;
}

/** Compiled settings by project; a change is noticed within `remembered` ms. */
export interface SettingsBook {
  treatmentOf(projectId: string): Promise<Treatment>;
  /** They were just changed here. */
  forget(projectId: string): void;
}

const remembered = 5000;

export function createSettingsBook(db: Queryable, now: () => number): SettingsBook {
  const known = new Map<string, { until: number; text: string; treatment: Treatment }>();
  return {
    async treatmentOf(projectId) {
      const entry = known.get(projectId);
      if (entry && entry.until > now()) return entry.treatment;
      const { filters, scrubbing } = await readSettings(db, projectId);
      const text = json([filters, scrubbing]);
      const treatment =
        entry?.text === text ? entry.treatment : { filter: filterOf(filters), scrub: scrubberOf(scrubbing) };
      if (known.size > 1000) known.clear();
      known.set(projectId, { until: now() + remembered, text, treatment });
      return treatment;
    },
    forget: (projectId) => void known.delete(projectId),
  };
}
