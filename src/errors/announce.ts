import { system } from '../kernel/events.ts';
import { appendEvent } from '../platform/events/log.ts';
import type { TelemetryRecord } from '../platform/observe/telemetry-sink.ts';
import type { Transaction } from '../platform/postgres/database.ts';
import type { Effect } from './batch.ts';
import type { Digest } from './digest.ts';
import { errorsEvents } from './events.ts';
import type { ReleaseDeployment } from './port.ts';
import { type IssueRow, updateIssues } from './store-issues.ts';

type DeploymentOf = (digest: Digest) => ReleaseDeployment | undefined;

/** Facts of the batch, each naming the deployment of its release as its cause where Millrace made it; then the issues are written. */
export async function announce(
  tx: Transaction,
  effects: Effect[],
  slugs: ReadonlyMap<string, string>,
  deploymentOf: DeploymentOf,
): Promise<void> {
  for (const effect of effects) {
    const { issue } = effect;
    const append = (name: 'issue.opened' | 'issue.unarchived', digest: Digest): Promise<string> =>
      appendEvent(tx, errorsEvents, name, {
        ...factOf(issue, digest, deploymentOf),
        data: seenOf(issue, digest, slugs),
      });
    const first = effect.kept[0];
    if (effect.opened && first) issue.openedEvent = await append('issue.opened', first.digest);
    for (const { change, digest, resolvedIn } of effect.changes) {
      if (change === 'unarchived') await append('issue.unarchived', digest);
      else {
        await appendEvent(tx, errorsEvents, 'issue.regressed', {
          ...factOf(issue, digest, deploymentOf),
          data: { ...seenOf(issue, digest, slugs), resolvedIn },
        });
      }
    }
  }
  await updateIssues(
    tx,
    effects.map((effect) => effect.issue),
  );
}

function factOf(issue: IssueRow, digest: Digest, deploymentOf: DeploymentOf) {
  const deployment = deploymentOf(digest);
  return {
    subject: `issue:${issue.id}`,
    projectId: issue.projectId,
    actor: system('errors'),
    causes: deployment ? [deployment.eventId] : [],
  };
}

const seenOf = (issue: IssueRow, digest: Digest, slugs: ReadonlyMap<string, string>) => ({
  issueId: issue.id,
  shortId: shortIdOf(slugs.get(issue.projectId) ?? '', issue.number),
  title: issue.title,
  culprit: issue.culprit,
  level: digest.facts.level,
  release: digest.facts.release,
  environment: digest.facts.environment,
  service: digest.facts.service,
  eventId: digest.id,
  files: digest.files,
});

/** `SHOP-12`: the project's slug and the issue's number in it. */
export const shortIdOf = (slug: string, number: number): string => `${slug.toUpperCase()}-${number}`;

/** What NRQL can ask of an error: `SELECT count(*) FROM ErrorEvent WHERE firstSeenInRelease IS true`. */
export function recordOf(
  digest: Digest,
  issue: IssueRow,
  slugs: ReadonlyMap<string, string>,
  deployment: ReleaseDeployment | undefined,
): TelemetryRecord {
  const { facts, headline } = digest;
  return {
    type: 'ErrorEvent',
    timestamp: facts.at,
    projectId: digest.projectId,
    attributes: {
      eventId: digest.id,
      issueId: issue.id,
      issue: shortIdOf(slugs.get(digest.projectId) ?? '', issue.number),
      name: headline.title,
      errorType: headline.type,
      message: headline.message,
      culprit: headline.culprit,
      level: facts.level,
      error: true,
      handled: headline.handled,
      platform: facts.platform,
      service: facts.service,
      environment: facts.environment,
      release: facts.release,
      deploymentId: deployment?.deploymentId,
      // An event that names no release cannot be new in one.
      firstSeenInRelease: facts.release !== null && issue.firstRelease === facts.release,
      transaction: facts.transaction,
      host: facts.server,
      traceId: facts.traceId,
      spanId: facts.spanId,
      user: digest.userName === '' ? null : digest.userName,
    },
  };
}
