import type { z } from 'zod';
import type { MonitorConfig } from './monitors/schedule.ts';
import type { PlaceRow, RunRow } from './monitors/store-monitors.ts';
import { isoOf, orNull } from './present-issue.ts';
import type { monitor, monitorRun } from './views.ts';

const isoOrNull = (ms: number | null): string | null => (ms === null ? null : isoOf(ms));

export const presentMonitor = (row: PlaceRow): z.output<typeof monitor> => ({
  id: row.id,
  projectId: row.projectId,
  slug: row.slug,
  environment: row.environment,
  status: row.status,
  schedule: row.config && scheduleText(row.config),
  nextAt: isoOrNull(row.nextAt),
  lastAt: isoOrNull(row.lastAt),
  failures: row.failures,
});

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
