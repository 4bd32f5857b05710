import type { ErrorCatalogue, ListedProject } from '../../../errors/port.ts';
import type { Json } from '../envelope.ts';

/** Shapes of Sentry's API, filled with what Millrace knows. Ids are texts there, whatever they are made of. */

type Of<Name extends keyof ErrorCatalogue> = Awaited<ReturnType<ErrorCatalogue[Name]>>;
type Issue = Of<'issues'>['items'][number];
type Event = Of<'events'>['items'][number];
type Detail = Of<'event'>;
type Release = Of<'releases'>['items'][number];
type Monitor = Of<'monitors'>[number];

const iso = (ms: number): string => new Date(ms).toISOString();

export const presentOrganization = (slug: string, url: string): Json => ({
  id: '1',
  slug,
  name: slug,
  status: { id: 'active', name: 'active' },
  dateCreated: iso(0),
  isEarlyAdopter: false,
  require2FA: false,
  requireEmailVerification: false,
  features: [],
  links: { organizationUrl: url, regionUrl: url },
});

export const presentProject = (project: ListedProject, org: string): Json => ({
  id: String(project.ingestId),
  slug: project.slug,
  name: project.name,
  status: 'active',
  platform: null,
  dateCreated: iso(project.createdAt),
  isMember: true,
  hasAccess: true,
  features: [],
  team: null,
  teams: [],
  organization: { id: '1', slug: org, name: org },
});

export function presentKey(project: ListedProject): Json {
  const url = new URL(project.dsn);
  const api = `${url.origin}/api${url.pathname}`;
  return {
    id: url.username,
    public: url.username,
    name: 'Default',
    label: 'Default',
    isActive: true,
    projectId: project.ingestId,
    dateCreated: iso(project.createdAt),
    dsn: {
      public: project.dsn,
      secret: project.dsn,
      csp: `${api}/csp-report/?sentry_key=${url.username}`,
      security: `${api}/security/?sentry_key=${url.username}`,
      minidump: `${api}/minidump/?sentry_key=${url.username}`,
    },
  };
}

/** One for each project: its own repository. */
export const presentRepository = (project: ListedProject): Json => ({
  id: String(project.ingestId),
  name: project.slug,
  url: project.gitUrl,
  provider: { id: 'millrace', name: 'Millrace' },
  status: 'active',
  integrationId: null,
  externalSlug: project.slug,
  externalId: project.id,
  dateCreated: iso(project.createdAt),
});

/** Issues have numbers there: this one is made of the project's and of the issue's own, and can be taken apart again. */
const perProject = 10_000_000;

const issueNumber = (issue: Issue, project: ListedProject | undefined): string => {
  const number = Number(/-(\d+)$/.exec(issue.shortId)?.[1]);
  return project && number < perProject ? String(project.ingestId * perProject + number) : issue.id;
};

/** The name by which an issue is found: numbers become short ids, all else stays what it is. */
export function issueNamed(id: string, projects: ListedProject[]): string {
  if (!/^\d{8,15}$/.test(id)) return id;
  const project = projects.find((one) => one.ingestId === Math.floor(Number(id) / perProject));
  return project ? `${project.slug}-${Number(id) % perProject}` : id;
}

/** `archived` is called `ignored` there. */
const statusOf = (status: Issue['status']): string => (status === 'archived' ? 'ignored' : status);

export const presentIssue = (issue: Issue, project: ListedProject | undefined, url: string): Json => ({
  id: issueNumber(issue, project),
  shortId: issue.shortId,
  title: issue.title,
  culprit: issue.culprit,
  level: issue.level,
  type: 'error',
  platform: issue.platform,
  status: statusOf(issue.status),
  substatus: issue.substatus,
  statusDetails: {},
  priority: issue.priority,
  isUnhandled: issue.handled === false,
  isPublic: false,
  permalink: `${url}/errors/${issue.id}`,
  metadata: issue.type === null ? { title: issue.title } : { type: issue.type, value: issue.message },
  count: String(issue.count),
  userCount: issue.users,
  numComments: 0,
  firstSeen: issue.firstSeenAt,
  lastSeen: issue.lastSeenAt,
  assignedTo: issue.assignee && { type: 'user', id: issue.assignee.id, name: issue.assignee.name },
  annotations: [],
  isBookmarked: false,
  hasSeen: true,
  project: project && {
    id: String(project.ingestId),
    slug: project.slug,
    name: project.name,
    platform: issue.platform,
  },
  stats: {
    '24h': issue.histogram.counts.map((count, index) => [
      Date.parse(issue.histogram.startAt) / 1000 + index * issue.histogram.bucketSeconds,
      count,
    ]),
  },
});

export const presentEvent = (event: Event, projectId: string): Json => ({
  id: event.eventId,
  eventID: event.eventId,
  groupID: event.issueId,
  projectID: projectId,
  title: event.title,
  message: event.message,
  'event.type': 'error',
  type: 'error',
  level: event.level,
  platform: 'other',
  location: event.transaction,
  culprit: event.transaction ?? '',
  dateCreated: event.at,
  dateReceived: event.receivedAt,
  user: event.user === null ? null : { id: event.user, username: event.user, email: null, ip_address: null },
  tags: [
    { key: 'level', value: event.level },
    ...(event.release === null ? [] : [{ key: 'release', value: event.release }]),
    ...(event.environment === null ? [] : [{ key: 'environment', value: event.environment }]),
  ],
});

type Frame = Detail['frames'][number];

/** Outermost call first, as clients send it. */
const presentStack = (frames: Frame[]): Json => ({
  frames: [...frames].reverse().map((frame) => ({
    function: frame.function,
    module: frame.module,
    filename: frame.file,
    absPath: frame.absolutePath,
    lineNo: frame.line,
    colNo: frame.column,
    inApp: frame.inApp,
    context: frame.source.map((line) => [line.line, line.text]),
    vars: Object.fromEntries(frame.variables.map(({ name, value }) => [name, value])),
  })),
});

const recordOf = (pairs: { key: string; value: string }[]): Record<string, string> =>
  Object.fromEntries(pairs.map(({ key, value }) => [key, value]));

export function presentEventDetail(event: Detail, projectId: string): Json {
  const entries: Json[] = [];
  if (event.exceptions.length > 0) {
    entries.push({
      type: 'exception',
      data: {
        values: [...event.exceptions].reverse().map((one) => ({
          type: one.type,
          value: one.value,
          module: one.module,
          mechanism: { type: one.mechanism, handled: one.handled },
          stacktrace: presentStack(one.frames),
        })),
      },
    });
  }
  if (event.frames.length > 0) entries.push({ type: 'stacktrace', data: presentStack(event.frames) });
  if (event.breadcrumbs.length > 0) {
    entries.push({
      type: 'breadcrumbs',
      data: { values: event.breadcrumbs.map(({ at, ...crumb }) => ({ ...crumb, timestamp: at })) },
    });
  }
  if (event.request) {
    const { headers, query, body, ...request } = event.request;
    entries.push({
      type: 'request',
      data: { ...request, query, data: body, headers: headers.map(({ key, value }) => [key, value]) },
    });
  }
  const user = recordOf(event.userDetails);
  return {
    ...presentEvent(event, projectId),
    platform: event.platform,
    culprit: event.culprit,
    dist: null,
    release: event.release === null ? null : { version: event.release },
    user: event.userDetails.length === 0 ? null : user,
    tags: event.tags,
    entries,
    contexts: Object.fromEntries(event.contexts.map(({ name, values }) => [name, recordOf(values)])),
    context: recordOf(event.extra),
    packages: recordOf(event.modules),
    sdk: event.sdk,
    previousEventID: event.previousId,
    nextEventID: event.nextId,
    errors: [],
  };
}

export const presentSeenRelease = (release: Release, projects: ListedProject[]): Json => ({
  id: release.release,
  version: release.release,
  shortVersion: release.release,
  status: 'open',
  url: null,
  dateCreated: release.firstSeenAt,
  dateReleased: release.releasedAt,
  firstEvent: release.events > 0 ? release.firstSeenAt : null,
  lastEvent: release.events > 0 ? release.lastSeenAt : null,
  newGroups: release.newIssues,
  projects: projects
    .filter((project) => project.id === release.projectId)
    .map(({ ingestId, slug, name }) => ({ id: ingestId, slug, name, newGroups: release.newIssues })),
});

export function presentMonitor(places: Monitor[], project: ListedProject | undefined): Json {
  const first = places[0]!;
  return {
    id: first.id,
    slug: first.slug,
    name: first.slug,
    type: 'cron_job',
    status: 'active',
    isMuted: false,
    config: { schedule: first.schedule },
    dateCreated: null,
    environments: places.map((place) => ({
      name: place.environment,
      status: place.status === 'waiting' ? 'active' : place.status === 'missed' ? 'missed_checkin' : place.status,
      lastCheckIn: place.lastAt,
      nextCheckIn: place.nextAt,
    })),
    project: project && { id: String(project.ingestId), slug: project.slug, name: project.name },
  };
}
