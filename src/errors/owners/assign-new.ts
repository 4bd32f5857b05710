import { system } from '../../kernel/events.ts';
import { Fault } from '../../kernel/faults.ts';
import type { EventData } from '../../platform/events/catalogue.ts';
import type { Subscription } from '../../platform/events/subscriptions.ts';
import type { Database } from '../../platform/postgres/database.ts';
import { json, sql } from '../../platform/postgres/sql.ts';
import { assignIssue, type ChangeSurroundings } from '../change.ts';
import type { errorsEvents } from '../events.ts';
import type { Reader } from '../reader.ts';
import { readIssue } from '../store-issues.ts';
import { findOwner, type OwnerSurroundings } from './find-owner.ts';

type Opened = EventData<typeof errorsEvents, 'issue.opened'>;

/** A new issue gets the owner that rules name, and is assigned to the first of them whom Millrace knows. */
export function assignNewIssues(
  around: ChangeSurroundings & OwnerSurroundings & { database: Database },
  reader: Pick<Reader, 'eventOf'>,
): Subscription {
  return {
    name: 'errors-assign-new-issues',
    types: ['errors.issue.opened'],
    from: 'now',
    async handle({ data, projectId }) {
      const { issueId, eventId, files } = data as Opened;
      if (!projectId) return;
      const event = await reader.eventOf(eventId).catch((error: unknown) => {
        // It was thinned out, or its project is gone.
        if (error instanceof Fault && error.kind === 'missing') return undefined;
        throw error;
      });
      if (!event) return;
      const frames = [...event.exceptions.flatMap((exception) => exception.frames), ...event.frames];
      const ownership = await findOwner(around, projectId, {
        files,
        modules: frames.filter((frame) => frame.inApp).flatMap(({ module }) => (module === null ? [] : [module])),
        url: event.request?.url ?? null,
        tags: event.tags.map(({ key, value }) => [key, value]),
      });
      if (!ownership) return;
      await around.database.execute(sql`update errors_issues set ownership = ${json(ownership)} where id = ${issueId}`);
      const issue = await readIssue(around.database, issueId);
      const owner = ownership.owners.find(({ personId }) => personId !== null);
      // Whoever was faster than the rule stays.
      if (!issue || issue.assigneeId !== null || !owner) return;
      await assignIssue(around, issueId, owner.personId, system('ownership'));
    },
  };
}
