import { system } from '../kernel/events.ts';
import { appendEvent } from '../platform/events/log.ts';
import { sql } from '../platform/postgres/sql.ts';
import { type ChangeSurroundings, changeIssue } from './change.ts';
import { escalates, fewestToEscalate, forecastHours } from './escalation.ts';
import { errorsEvents } from './events.ts';
import { escalated } from './issue.ts';

const hourMs = 3_600_000;

/**
 * Looks for issues that bring more events in this hour than their past lets expect, or that touched as many users as they were archived
 * until: archived ones come back, ongoing ones are marked, and their priority rises.
 */
export async function watchEscalation(around: ChangeSurroundings): Promise<void> {
  const now = around.now();
  const hour = Math.floor(now / hourMs) * hourMs;
  const busy = await around.database.query<{ id: string; current: number; created: number }>(sql`
    select i.id, sum(h.count)::int as current, (extract(epoch from i.created_at) * 1000)::float8 as created
    from errors_issue_hours h join errors_issues i on i.id = h.issue_id
    where h.hour = to_timestamp(${hour / 1000}::float8)
      and ((i.status = 'archived' and i.archive ->> 'until' = 'escalating')
        or (i.status = 'unresolved' and i.substatus = 'ongoing'))
    group by i.id having sum(h.count) >= ${fewestToEscalate} limit 1000`);
  for (const { id, current, created } of busy) {
    const counts = await pastHours(around, id, hour, created);
    if (escalates(current, counts, hour)) await escalate(around, id, `${current} events in this hour`, current);
  }
  const crowded = await around.database.query<{ id: string; users: number }>(sql`
    select id, users from errors_issues where status = 'archived' and archive ->> 'until' = 'users'
      and users >= (archive ->> 'users')::int limit 1000`);
  for (const { id, users } of crowded) await escalate(around, id, `${users} users touched`, users);
}

/** Counts of whole hours before `hour`, oldest first; as many as the issue is old, a week at most. */
async function pastHours(around: ChangeSurroundings, id: string, hour: number, created: number): Promise<number[]> {
  const hours = Math.min(forecastHours, Math.max(1, Math.floor((hour - created) / hourMs)));
  const start = hour - hours * hourMs;
  const rows = await around.database.query<{ at: number; n: number }>(sql`
    select (extract(epoch from hour) * 1000)::float8 as at, sum(count)::int as n from errors_issue_hours
    where issue_id = ${id} and hour >= to_timestamp(${start / 1000}::float8) and hour < to_timestamp(${hour / 1000}::float8)
    group by hour`);
  const counts = new Array<number>(hours).fill(0);
  for (const { at, n } of rows) counts[Math.round((at - start) / hourMs)] = n;
  return counts;
}

async function escalate(around: ChangeSurroundings, id: string, why: string, figure: number): Promise<void> {
  await changeIssue(around, id, async (tx, issue, named) => {
    // Somebody may have been faster.
    if (issue.status === 'resolved' || issue.substatus === 'escalating') return null;
    const at = around.now();
    const wasArchived = issue.status === 'archived';
    Object.assign(issue, escalated(at));
    if (!issue.priorityLocked) issue.priority = issue.priority === 'low' ? 'medium' : 'high';
    await appendEvent(tx, errorsEvents, 'issue.escalated', {
      subject: `issue:${id}`,
      projectId: issue.projectId,
      actor: system('errors'),
      causes: issue.openedEvent ? [issue.openedEvent] : [],
      data: { ...named, figure, wasArchived },
    });
    const text = `is escalating: ${why}`;
    return { issueId: id, kind: 'escalated', at, by: 'Millrace', text, release: null };
  });
}
