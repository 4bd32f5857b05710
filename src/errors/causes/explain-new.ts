import { Fault } from '../../kernel/faults.ts';
import type { EventData } from '../../platform/events/catalogue.ts';
import type { Subscription } from '../../platform/events/subscriptions.ts';
import type { Database } from '../../platform/postgres/database.ts';
import { json, sql } from '../../platform/postgres/sql.ts';
import type { EventDetail } from '../api.ts';
import type { errorsEvents } from '../events.ts';
import type { ChangeLog } from '../port.ts';
import type { Reader } from '../reader.ts';
import { type TestSight, telling, weigh } from './evidence.ts';
import { type CrashSite, crashSiteIn, isSameSite } from './stack-text.ts';

type Opened = EventData<typeof errorsEvents, 'issue.opened'>;

/** How far back failures of tests are looked through (ms). */
const testsBackMs = 30 * 86_400_000;

/** What happened around the moment at which an issue appeared or came back is ranked and kept with it. */
export function explainNewIssues(
  database: Database,
  reader: Pick<Reader, 'eventOf'>,
  changes: ChangeLog,
): Subscription {
  return {
    name: 'errors-explain-new-issues',
    types: ['errors.issue.opened', 'errors.issue.regressed'],
    from: 'now',
    async handle(fact) {
      const { issueId, eventId, environment, service, release } = fact.data as Opened;
      const { projectId } = fact;
      if (!projectId) return;
      const event = await reader.eventOf(eventId).catch((error: unknown) => {
        if (error instanceof Fault && error.kind === 'missing') return undefined;
        throw error;
      });
      const at = event ? Date.parse(event.at) : fact.at;
      const site = event ? siteOf(event) : null;
      const [facts, failure] = await Promise.all([
        changes.between(projectId, at - telling.beforeMs, at + telling.afterMs, telling.types),
        site ? firstFailure(changes, projectId, site, at) : null,
      ]);
      const evidence = weigh({ at, environment, service, release }, facts, failure);
      if (evidence.length === 0) return;
      await database.execute(sql`update errors_issues set evidence = ${json(evidence)} where id = ${issueId}`);
    },
  };
}

function siteOf(event: EventDetail): CrashSite | null {
  const [error] = event.exceptions;
  const frame = error?.frames.find((one) => one.inApp);
  const file = frame?.file ?? frame?.absolutePath;
  if (!error?.type || !frame || !file) return null;
  return { type: error.type, file, function: frame.function === '?' ? null : frame.function };
}

/** The earliest test that failed with the same error at the same place, before it was seen in the field. */
async function firstFailure(
  changes: ChangeLog,
  projectId: string,
  site: CrashSite,
  at: number,
): Promise<TestSight | null> {
  const failures = await changes.failuresNaming(projectId, site.type, at - testsBackMs, at);
  for (const failure of failures) {
    const found = crashSiteIn(failure.text);
    if (found && isSameSite(found, site)) {
      return { runId: failure.runId, run: failure.run, test: failure.test, at: failure.at, site: found };
    }
  }
  return null;
}
