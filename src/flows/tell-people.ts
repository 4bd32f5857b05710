import type { Alerts } from '../alerts/index.ts';
import type { deploymentEvents } from '../deployments/index.ts';
import type { Errors, errorsEvents } from '../errors/index.ts';
import type { Identity } from '../identity/index.ts';
import type { EventEnvelope } from '../kernel/events.ts';
import type { pipelineEvents } from '../pipelines/index.ts';
import type { EventData } from '../platform/events/catalogue.ts';
import type { Subscription } from '../platform/events/subscriptions.ts';
import type { Project, Projects } from '../projects/index.ts';
import { issueEscalated, type PersonalMessage, rolledBack, runFailed, runFixed } from './messages.ts';

type Finished = EventData<typeof pipelineEvents, 'run.finished'>;
type Escalated = EventData<typeof errorsEvents, 'issue.escalated'>;
type RolledBack = EventData<typeof deploymentEvents, 'deployment.rolled_back'>;

export interface TellPeople {
  projects: Projects;
  identity: Identity;
  alerts: Alerts;
  errors: Pick<Errors, 'catalogue'>;
  publicUrl: () => string;
}

const maxCommits = 50;

/**
 * Whoever's commit it was hears of a failed run, of the run that fixed it, and of a release that was taken back; whoever an issue is
 * assigned to, or laid at, hears that it escalates.
 */
export function tellPeople({ projects, identity, alerts, errors, publicUrl }: TellPeople): Subscription {
  const send = async (event: EventEnvelope, project: Project, emails: string[], message: PersonalMessage) => {
    const about = { projectId: project.id, causes: [event.id] };
    const { subject, text } = message;
    const people = [...new Set(await Promise.all(emails.map((email) => addressOf(identity, email))))];
    const payload = {
      event: message.event,
      project: project.slug,
      people,
      eventId: event.id,
      subject,
      data: event.data as Record<string, unknown>,
    };
    for (const to of people) {
      await alerts.notify({ ...about, key: `${event.id}:mail:${to}`, kind: 'mail', to, subject, text, payload });
    }
    await alerts.notify({ ...about, key: `${event.id}:webhook`, kind: 'webhook', subject, text, payload });
  };

  const onRun = async (event: EventEnvelope, project: Project): Promise<void> => {
    const run = event.data as Finished;
    const fixed = run.status === 'success' && run.previousStatus === 'failed';
    if (run.status !== 'failed' && !fixed) return;
    const outcome = {
      projectName: project.name,
      number: run.number,
      place: run.branch ?? run.tag ?? run.sha.slice(0, 7),
      sha: run.sha,
      commitMessage: run.message,
      author: run.author.name,
      durationMs: run.durationMs,
      failedJobs: run.failedJobs,
      url: `${publicUrl()}/runs/${run.runId}`,
    };
    await send(event, project, [run.author.email], fixed ? runFixed(outcome) : runFailed(outcome));
  };

  const onRollback = async (event: EventEnvelope, project: Project): Promise<void> => {
    const data = event.data as RolledBack;
    // A version ends in the first seven digits of its commit.
    const before = data.previousVersion?.split('-').at(-1);
    const from = before ? await projects.resolve(project.id, before) : undefined;
    const commits = await projects.commitsBetween(project.id, from ?? null, data.sha, from ? maxCommits : 1);
    const message = rolledBack({
      projectName: project.name,
      environment: data.environment,
      version: data.version,
      restoredVersion: data.restoredVersion,
      reason: data.reason,
      evidence: data.evidence,
      servedMs: data.servedMs ?? null,
      durationMs: data.durationMs,
      commits: commits.map(({ sha, author, message: text }) => ({ sha, author: author.name, message: text })),
      url: `${publicUrl()}/events/${event.id}`,
    });
    await send(
      event,
      project,
      commits.map((commit) => commit.author.email),
      message,
    );
  };

  const onEscalation = async (event: EventEnvelope, project: Project): Promise<void> => {
    const { issueId, shortId, title, culprit, figure, wasArchived } = event.data as Escalated;
    const { assignee, suspect } = await errors.catalogue.issue(issueId);
    const owner = assignee ? await identity.person(assignee.id) : undefined;
    const commits = suspect?.commits ?? [];
    const emails = owner ? [owner.email] : commits.slice(0, 1).map((commit) => commit.author.email);
    const message = issueEscalated({
      projectName: project.name,
      shortId,
      title,
      culprit,
      figure,
      wasArchived,
      commits: commits.map(({ sha, author, message: text }) => ({ sha, author: author.name, message: text })),
      url: `${publicUrl()}/errors/${issueId}`,
    });
    await send(event, project, emails.filter(Boolean), message);
  };

  const handlers: Record<string, (event: EventEnvelope, project: Project) => Promise<void>> = {
    'pipelines.run.finished': onRun,
    'deployments.deployment.rolled_back': onRollback,
    'errors.issue.escalated': onEscalation,
  };

  return {
    name: 'tell-people',
    types: Object.keys(handlers),
    async handle(event) {
      const project = event.projectId ? await projects.find(event.projectId) : undefined;
      if (!project) return;
      await handlers[event.type]?.(event, project);
    },
  };
}

/** The address a person reads, when the commit's is one of theirs; else the commit's own. */
async function addressOf(identity: Identity, email: string): Promise<string> {
  return (await identity.personByEmail(email))?.email ?? email;
}
