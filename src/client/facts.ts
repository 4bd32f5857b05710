import { formatDuration } from '../kernel/durations.ts';

/** What a fact says of its state; picks the mark in the timeline. */
export type FactTone = 'good' | 'bad' | 'warn' | 'busy' | 'idle';

export interface TimelineFact {
  id: string;
  type: string;
  subject: string;
  actor: { kind: string; id: string; name: string };
  data: Record<string, unknown>;
}

export interface Described {
  tone: FactTone;
  /** One sentence without the actor: `Run 12 failed: test, lint`. */
  text: string;
  /** Small, beside it: branch, release, environment. */
  details: string[];
  /** Where its subject is shown. */
  href: string | undefined;
}

type Data = Record<string, unknown>;
type Describe = (data: Data) => [tone: FactTone, text: string, details?: (string | null | undefined)[]];

const text = (value: unknown): string => (typeof value === 'string' || typeof value === 'number' ? String(value) : '');
const optional = (value: unknown): string | null => text(value) || null;
const sha7 = (value: unknown): string | null => (typeof value === 'string' ? value.slice(0, 7) : null);
const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
const names = (value: unknown): string =>
  list(value)
    .map((item) => text((item as Data | null)?.name ?? item))
    .join(', ');
const count = (many: number, one: string) => `${many} ${one}${many === 1 ? '' : 's'}`;
const because = (data: Data) => (data.reason ? `: ${text(data.reason)}` : '');
const firstLine = (value: unknown) => text(value).split('\n')[0]!;

const runPlace = (data: Data) => [optional(data.branch) ?? optional(data.tag), sha7(data.sha)];
const release = (data: Data) => [optional(data.environment), optional(data.version)];

const deploymentKinds: Record<string, string> = {
  deploy: 'Deploy',
  promote: 'Promote',
  redeploy: 'Deploy again',
  rollback: 'Roll back to',
};

const sentences: Record<string, Describe> = {
  'projects.push.received': (data) => {
    const commits = list(data.commits);
    const ref = text(data.branch ?? data.tag);
    if (data.after === null) return ['idle', `Deleted ${ref}`];
    const newest = firstLine((commits[0] as Data | undefined)?.message);
    const what = commits.length === 1 ? newest : `${count(commits.length, 'commit')}${newest ? `: ${newest}` : ''}`;
    return ['idle', `${data.forced ? 'Force-pushed' : 'Pushed'} ${what || ref}`, [ref, sha7(data.after)]];
  },
  'projects.project.created': (data) => ['idle', `Created project ${text(data.name)}`],
  'projects.project.changed': (data) => ['idle', `Changed ${names(data.changed)} of ${text(data.slug)}`],
  'projects.project.deleted': (data) => ['warn', `Deleted project ${text(data.name)}`],
  'projects.remote.connected': (data) => ['idle', `Connected ${text(data.url)}`],
  'projects.remote.sync-failed': (data) => ['bad', `Could not fetch ${text(data.url)}${because(data)}`],
  'projects.pull-request.updated': (data) => [
    'idle',
    `Pull request ${text(data.number)}: ${text(data.title)}`,
    [text((data.head as Data | undefined)?.branch)],
  ],
  'projects.pull-request.closed': (data) => [
    'idle',
    `Pull request ${text(data.number)} ${data.merged ? 'merged' : 'closed'}`,
  ],
  'pipelines.run.queued': (data) => [
    'idle',
    `Run ${text(data.number)} queued: ${firstLine(data.message)}`,
    runPlace(data),
  ],
  'pipelines.run.started': (data) => [
    'busy',
    `Run ${text(data.number)} started, ${count(Number(data.jobs) || 0, 'job')}`,
    runPlace(data),
  ],
  'pipelines.run.files_removed': (data) => [
    'idle',
    `Removed ${text(data.artifacts)} artifacts and ${text(data.workspaces)} workspace layers of run ${text(data.number)}, kept ${text(data.keptDays)} days`,
    runPlace(data),
  ],
  'pipelines.caches.removed': (data) => [
    'idle',
    `Removed ${text(data.caches)} caches nobody used: ${names(data.keys)}`,
  ],
  'pipelines.run.finished': (data) => {
    const run = `Run ${text(data.number)}`;
    if (data.status === 'success') {
      return ['good', `${run} ${data.previousStatus === 'failed' ? 'fixed' : 'succeeded'}`, runPlace(data)];
    }
    if (data.status === 'canceled') return ['idle', `${run} canceled`, runPlace(data)];
    const failed = names(data.failedJobs);
    return ['bad', `${run} failed${failed ? `: ${failed}` : ''}`, runPlace(data)];
  },
  'pipelines.job.queued': (data) => ['idle', `Job ${text(data.name)} queued`],
  'pipelines.job.started': (data) => ['busy', `Job ${text(data.name)} started`, [optional(data.executor)]],
  'pipelines.job.on_hold': (data) => ['warn', `Job ${text(data.name)} needs approval`],
  'pipelines.job.approved': (data) => ['good', `Approved ${text(data.name)}`],
  'pipelines.job.finished': (data) => {
    const words: Record<string, [FactTone, string]> = {
      success: ['good', 'succeeded'],
      failed: ['bad', 'failed'],
      infrastructure_fail: ['bad', 'was lost'],
      canceled: ['idle', 'was canceled'],
      not_run: ['idle', 'was not run'],
    };
    const [tone, word] = words[text(data.status)] ?? ['idle', text(data.status)];
    return [tone, `Job ${text(data.name)} ${word}${because(data)}`];
  },
  'deployments.release.requested': (data) => ['busy', `Building release ${text(data.version)}`, [sha7(data.sha)]],
  'deployments.release.cut': (data) => [
    'good',
    `Cut release ${text(data.version)}: ${names(data.services)}`,
    [optional(data.branch)],
  ],
  'deployments.release.failed': (data) => ['bad', `Release ${text(data.version)} failed${because(data)}`],
  'deployments.release.skipped': (data) => ['idle', `No release of ${sha7(data.sha) ?? 'this commit'}${because(data)}`],
  'deployments.release.build_removed': (data) => [
    'idle',
    `Removed what was built of ${text(data.version)}: ${text(data.kept)} newer releases are kept`,
  ],
  'deployments.release.rebuild_requested': (data) => ['busy', `Building ${text(data.version)} again`, [sha7(data.sha)]],
  'deployments.release.rebuilt': (data) => ['good', `Built ${text(data.version)} again: ${names(data.services)}`],
  'deployments.release.rebuild_failed': (data) => [
    'bad',
    `${text(data.version)} could not be built again${because(data)}`,
  ],
  'deployments.release.overtaken': (data) => [
    'idle',
    `${text(data.version)} does not go to ${text(data.environment)}: ${text(data.byVersion)} holds its commit already`,
    release(data),
  ],
  'deployments.deployment.requested': (data) => [
    data.onHold ? 'warn' : 'idle',
    `${deploymentKinds[text(data.kind)] ?? 'Deploy'} ${text(data.version)} ${data.kind === 'rollback' ? 'in' : 'to'} ${text(
      data.environment,
    )}${data.onHold ? ', waiting for approval' : ''}${because(data)}`,
    release(data),
  ],
  'deployments.deployment.approved': (data) => [
    'good',
    `Approved ${text(data.version)} for ${text(data.environment)}`,
    release(data),
  ],
  'deployments.deployment.superseded': (data) => [
    'idle',
    `${text(data.version)} gave way to ${text(data.byVersion)} in ${text(data.environment)}`,
    release(data),
  ],
  'deployments.deployment.started': (data) => [
    'busy',
    `Deploying ${text(data.version)} to ${text(data.environment)}`,
    release(data),
  ],
  'deployments.deployment.switched': (data) => [
    'busy',
    `${text(data.environment)} serves ${text(data.version)}; watching it`,
    release(data),
  ],
  'deployments.deployment.verified': (data) => [
    'good',
    `${text(data.version)} passed ${count(Number(data.gates) || 0, 'gate')} in ${text(data.environment)}`,
    release(data),
  ],
  'deployments.deployment.succeeded': (data) => [
    'good',
    `${text(data.version)} is live in ${text(data.environment)}`,
    release(data),
  ],
  'deployments.deployment.failed': (data) => [
    'bad',
    `${text(data.version)} did not go live in ${text(data.environment)}${because(data)}`,
    release(data),
  ],
  'deployments.deployment.canceled': (data) => [
    'idle',
    `Canceled ${text(data.version)} in ${text(data.environment)}${because(data)}`,
    release(data),
  ],
  'deployments.deployment.rolled_back': (data) => [
    'warn',
    `Took ${text(data.version)} back in ${text(data.environment)}${
      typeof data.servedMs === 'number' ? ` after ${formatDuration(data.servedMs)}` : ''
    }; ${text(data.restoredVersion) || 'nothing'} serves again${because(data)}`,
    release(data),
  ],
  'deployments.environment.changed': (data) => [
    'idle',
    `Changed environment ${text(data.environment)}: ${names(data.changes)}`,
  ],
  'deployments.variables.changed': (data) => {
    const changed = [...list(data.added), ...list(data.changed), ...list(data.removed)];
    return ['idle', `Changed ${changed.join(', ')} in ${text(data.environment)}`, [`version ${text(data.version)}`]];
  },
  'deployments.instance.exited': (data) => [
    'bad',
    `${text(data.service)} exited in ${text(data.environment)}${data.detail ? `: ${text(data.detail)}` : ''}`,
    release(data),
  ],
  'deployments.instance.unhealthy': (data) => [
    'bad',
    `${text(data.service)} is unhealthy in ${text(data.environment)}${data.detail ? `: ${text(data.detail)}` : ''}`,
    release(data),
  ],
  'deployments.instance.recovered': (data) => [
    'good',
    `${text(data.service)} recovered in ${text(data.environment)}`,
    release(data),
  ],
  'errors.issue.opened': (data) => [
    'bad',
    `New error ${text(data.shortId)}: ${text(data.title)}`,
    [optional(data.environment), optional(data.release)],
  ],
  'errors.issue.regressed': (data) => [
    'bad',
    `${text(data.shortId)} came back: ${text(data.title)}`,
    [optional(data.environment), optional(data.release)],
  ],
  'errors.issue.unarchived': (data) => ['warn', `${text(data.shortId)} left the archive: ${text(data.title)}`],
  'errors.issue.resolved': (data) => ['good', `Resolved ${text(data.shortId)}: ${text(data.title)}`],
  'errors.issue.archived': (data) => ['idle', `Archived ${text(data.shortId)}: ${text(data.title)}`],
  'errors.issue.reopened': (data) => ['warn', `Reopened ${text(data.shortId)}: ${text(data.title)}`],
  'errors.issue.assigned': (data) => ['idle', `${text(data.shortId)} is ${text(data.personName) || 'nobody'}’s now`],
  'errors.issue.cause-found': (data) => [
    'warn',
    `${text(data.shortId)} is laid at ${text(data.release) || names(data.commits)}: ${text(data.title)}`,
    [optional(data.release)],
  ],
  'monitoring.check.changed': (data) => [
    data.to === 'ok' ? 'good' : data.to === 'warning' ? 'warn' : 'bad',
    `Check ${text(data.name)} is ${text(data.to)}${data.output ? `: ${text(data.output)}` : ''}`,
    [optional(data.environment), optional(data.service)],
  ],
  'monitoring.check.acknowledged': (data) => ['idle', `Acknowledged ${text(data.name)}`],
  'alerts.incident.opened': (data) => [
    data.severity === 'warning' ? 'warn' : 'bad',
    `Incident: ${text(data.name)}${because(data)}`,
    [optional(data.environment), optional(data.service), optional(data.facet)],
  ],
  'alerts.incident.acknowledged': (data) => ['warn', `Acknowledged incident ${text(data.name)}`],
  'alerts.incident.closed': (data) => ['good', `Incident closed: ${text(data.name)}`],
  'alerts.notification.sent': (data) => ['idle', `Told ${text(data.to)}: ${text(data.subject)}`, [optional(data.kind)]],
  'alerts.notification.kept': (data) => [
    'idle',
    `Kept a mail to ${text(data.to)}: ${text(data.subject)}`,
    ['no mail server is set up'],
  ],
  'alerts.notification.failed': (data) => ['bad', `Could not tell ${text(data.to)}: ${text(data.error)}`],
  'dashboards.dashboard.created': (data) => ['idle', `New dashboard ${text(data.name)}`, [optional(data.path)]],
  'dashboards.dashboard.updated': (data) => ['idle', `Changed dashboard ${text(data.name)}`, [optional(data.path)]],
  'dashboards.dashboard.deleted': (data) => ['warn', `Deleted dashboard ${text(data.name)}`, [optional(data.path)]],
  'dashboards.file.refused': (data) => ['bad', `${text(data.path)} is no dashboard: ${text(data.reason)}`],
  'identity.person.joined': (data) => ['idle', `${text(data.name)} joined as ${text(data.role)}`],
  'identity.person.signed-in': () => ['idle', 'Signed in'],
  'identity.person.role-changed': (data) => [
    'idle',
    `${text(data.name)} is ${text(data.to)} now, was ${text(data.from)}`,
  ],
  'identity.person.removed': (data) => ['warn', `Removed ${text(data.name)}`],
  'identity.invitation.made': (data) => ['idle', `Invited ${text(data.email)} as ${text(data.role)}`],
  'identity.token.made': (data) => ['idle', `Made token ${text(data.name)}`],
  'identity.token.revoked': (data) => ['idle', `Revoked token ${text(data.name)}`],
  'secrets.secret.set': (data) => ['idle', `Set secret ${text(data.name)}`, [optional(data.scope)]],
  'secrets.secret.removed': (data) => ['warn', `Deleted secret ${text(data.name)}`, [optional(data.scope)]],
  'telemetry.store.unreachable': (data) => ['bad', `Telemetry store does not answer: ${text(data.error)}`],
  'telemetry.store.recovered': () => ['good', 'Telemetry store answers again'],
  'telemetry.spool.full': () => ['bad', 'Telemetry spool is full: senders are told to come back later'],
};

/** A fact as one sentence, for people. A type it has not met reads as its own words. */
export function describeFact(fact: TimelineFact): Described {
  const describe = sentences[fact.type];
  const [tone, sentence, details = []] = describe?.(fact.data) ?? unknownFact(fact);
  const shown = [...new Set(details.filter((detail): detail is string => Boolean(detail)))];
  return { tone, text: sentence, details: shown, href: hrefOf(fact) };
}

function unknownFact(fact: TimelineFact): [FactTone, string] {
  const [, noun = '', verb = ''] = fact.type.split('.');
  const words = `${noun} ${verb}`.replaceAll(/[-_]/g, ' ').trim();
  const name = text(fact.data.name);
  return ['idle', `${words.charAt(0).toUpperCase()}${words.slice(1)}${name ? `: ${name}` : ''}`];
}

/** The page of the thing a fact is about. */
export function hrefOf(fact: Pick<TimelineFact, 'subject' | 'data' | 'type'>): string | undefined {
  const [noun, id] = fact.subject.split(':');
  if (!id || fact.type.endsWith('.deleted') || fact.type.endsWith('.removed')) return undefined;
  switch (noun) {
    case 'run':
      return `/runs/${id}`;
    case 'job':
      return fact.data.runId ? `/runs/${text(fact.data.runId)}?job=${id}` : undefined;
    case 'push':
      return fact.data.runId && fact.data.after ? `/runs/${text(fact.data.runId)}` : undefined;
    case 'deployment':
      return `/deployments/${id}`;
    case 'release':
      return `/releases/${id}`;
    case 'environment':
      return `/environments/${id}`;
    case 'issue':
      return `/errors/${id}`;
    case 'check':
      return `/monitoring/${id}`;
    case 'dashboard':
      return `/dashboards/${id}`;
    case 'incident':
    case 'condition':
      return '/alerts';
    case 'notification':
      return '/alerts?tab=deliveries';
    case 'person':
    case 'token':
    case 'invitation':
      return '/settings';
    default:
      return undefined;
  }
}

/** Rooms a timeline can be narrowed to. */
export const factRooms = [
  { value: 'projects.', label: 'Pushes' },
  { value: 'pipelines.', label: 'Pipelines' },
  { value: 'deployments.', label: 'Deployments' },
  { value: 'errors.', label: 'Errors' },
  { value: 'monitoring.', label: 'Checks' },
  { value: 'alerts.', label: 'Alerts' },
  { value: 'dashboards.', label: 'Dashboards' },
  { value: 'secrets.', label: 'Secrets' },
  { value: 'identity.', label: 'People' },
];
