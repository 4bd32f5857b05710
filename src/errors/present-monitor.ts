import type { z } from 'zod';
import type { MonitorConfig } from './monitors/schedule.ts';
import type { ListedPlace, RunRow } from './monitors/store-monitors.ts';
import type { monitor, monitorDetail, monitorRun } from './monitors/views.ts';
import { isoOf, orNull } from './present-issue.ts';

const isoOrNull = (ms: number | null): string | null => (ms === null ? null : isoOf(ms));

export const presentMonitor = (row: ListedPlace): z.output<typeof monitor> => ({
  id: row.id,
  projectId: row.projectId,
  slug: row.slug,
  environment: row.environment,
  status: row.status,
  schedule: row.config && scheduleText(row.config),
  nextAt: isoOrNull(row.nextAt),
  lastAt: isoOrNull(row.lastAt),
  failures: row.failures,
  recent: [...row.recent].reverse(),
  issueId: row.issueId,
});

/** A job as its page shows it; `rows` are its environments, at least one. */
export function presentMonitorDetail(rows: ListedPlace[], project: string): z.output<typeof monitorDetail> {
  const { id, projectId, slug, config } = rows[0]!;
  return {
    id,
    projectId,
    project,
    slug,
    schedule: config && scheduleText(config),
    timezone: config?.timezone ?? null,
    marginMinutes: config?.margin ?? null,
    maxRuntimeMinutes: config?.maxRuntime ?? null,
    failureThreshold: config?.failureThreshold ?? null,
    recoveryThreshold: config?.recoveryThreshold ?? null,
    places: rows.map(presentMonitor),
  };
}

function scheduleText({ schedule, timezone }: MonitorConfig): string {
  if (schedule.type === 'crontab') return timezone === 'UTC' ? schedule.value : `${schedule.value} (${timezone})`;
  return schedule.value === 1 ? `every ${schedule.unit}` : `every ${schedule.value} ${schedule.unit}s`;
}

export const presentRun = (row: RunRow): z.output<typeof monitorRun> => ({
  id: row.id,
  environment: row.environment,
  status: row.status,
  startedAt: isoOf(row.startedAt),
  durationMs: row.duration,
  lateMs: row.late,
  release: orNull(row.release),
});
