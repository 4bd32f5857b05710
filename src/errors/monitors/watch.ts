import { createHash } from 'node:crypto';
import { system } from '../../kernel/events.ts';
import { newId } from '../../kernel/ids.ts';
import { sql } from '../../platform/postgres/sql.ts';
import { type ChangeSurroundings, resolveIssue } from '../change.ts';
import type { ErrorReception } from '../port.ts';
import { afterRun, expectAfter } from './check-in.ts';
import {
  fingerprintOf,
  issueHashOf,
  lockMissed,
  lockOverdue,
  type PlaceRow,
  untold,
  writePlace,
} from './store-monitors.ts';

export interface WatchSurroundings extends ChangeSurroundings {
  reception: Pick<ErrorReception, 'accept'>;
}

/** Notices runs that did not come or do not end, and makes issues of jobs that fail and resolves those of jobs that recovered. */
export async function watchMonitors(around: WatchSurroundings): Promise<void> {
  await noteMissed(around);
  await noteOverdue(around);
  for (const place of await untold(around.database)) {
    if (place.incident === 'opened') await tellFailure(around, place);
    else await tellRecovery(around, place);
  }
}

async function noteMissed({ database, now }: WatchSurroundings): Promise<void> {
  const at = now();
  await database.transaction(async (tx) => {
    for (const place of await lockMissed(tx, at)) {
      const expected = place.nextAt ?? at;
      await tx.execute(sql`
        insert into errors_check_ins (id, monitor_id, environment, status, started_at, finished_at, release)
        values (${newId(at)}, ${place.id}, ${place.environment}, 'missed', to_timestamp(${expected / 1000}::float8),
          to_timestamp(${at / 1000}::float8), '')`);
      let state = expectAfter(place, place.config, expected);
      // After a long absence of ours the runs of that time are not counted one by one.
      if (state.nextAt !== null && state.nextAt < at) state = expectAfter(place, place.config, at);
      await writePlace(tx, place.id, place.environment, afterRun(state, 'missed', place.config, at), null);
    }
  });
}

async function noteOverdue({ database, now }: WatchSurroundings): Promise<void> {
  const at = now();
  await database.transaction(async (tx) => {
    for (const place of await lockOverdue(tx, at)) {
      await tx.execute(sql`
        update errors_check_ins set status = 'timeout', finished_at = to_timestamp(${at / 1000}::float8)
        where monitor_id = ${place.id} and id = ${place.runId}`);
      await writePlace(tx, place.id, place.environment, afterRun(place, 'timeout', place.config, at), null);
    }
  });
}

const words = { missed: 'did not start in time', timeout: 'ran longer than it may', error: 'failed' } as const;

/** An error event like any other, so that the job's failure has an issue, an owner, alerts. Telling twice counts once. */
async function tellFailure({ database, reception }: WatchSurroundings, place: PlaceRow): Promise<void> {
  const at = place.incidentAt ?? 0;
  const what = place.status === 'missed' || place.status === 'timeout' ? words[place.status] : words.error;
  const event = {
    message: `Cron job ${place.slug} ${what}`,
    level: 'error',
    platform: 'other',
    logger: 'millrace.monitors',
    timestamp: at / 1000,
    environment: place.environment,
    fingerprint: fingerprintOf(place),
    tags: { 'monitor.slug': place.slug, 'monitor.status': place.status },
    contexts: {
      monitor: { slug: place.slug, status: place.status, failures: place.failures, ...place.config?.schedule },
    },
  };
  const eventId = createHash('md5').update(`${place.id} ${place.environment} ${at}`).digest('hex');
  await reception.accept([
    { projectId: place.projectId, eventId, receivedAt: at, payload: Buffer.from(JSON.stringify(event)) },
  ]);
  await database.execute(sql`
    update errors_monitor_places set incident = 'told'
    where monitor_id = ${place.id} and environment = ${place.environment} and incident = 'opened'`);
}

async function tellRecovery(around: WatchSurroundings, place: PlaceRow): Promise<void> {
  const issue = await around.database.first<{ id: string }>(sql`
    select i.id from errors_hashes h join errors_issues i on i.id = h.issue_id
    where h.project_id = ${place.projectId} and h.hash = ${issueHashOf(place)}
      and i.status = 'unresolved'`);
  if (issue) await resolveIssue(around, issue.id, { in: 'now' }, system('errors'));
  await around.database.execute(sql`
    update errors_monitor_places set incident = 'none'
    where monitor_id = ${place.id} and environment = ${place.environment} and incident = 'closed'`);
}
