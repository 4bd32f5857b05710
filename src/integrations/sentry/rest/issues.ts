import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { ErrorCatalogue, IssueChange } from '../../../errors/port.ts';
import type { Clock } from '../../../kernel/clock.ts';
import type { Actor } from '../../../kernel/events.ts';
import { Fault } from '../../../kernel/faults.ts';
import type { Json } from '../envelope.ts';
import { numberOf, objectOf, textOf } from '../read.ts';
import { many, one, originOf, pageOf, withLinks } from './page.ts';
import { issueNamed, presentEvent, presentEventDetail, presentIssue } from './present.ts';
import { paramsOf, projectAsked, projectNamed } from './reading.ts';

const sorts = { date: 'lastSeen', new: 'firstSeen', freq: 'count', user: 'users' } as const;
/** Issues that one call may change. */
const mostAtOnce = 1000;

/** Issues and events: listed, read, changed; below an organisation, a project, or alone. */
export function registerIssues(
  scope: FastifyInstance,
  catalogue: ErrorCatalogue,
  clock: Clock,
  bodyOf: (request: FastifyRequest) => Promise<Json>,
): void {
  const named = async (id: string): Promise<string> => issueNamed(id, await catalogue.projects());
  const listed = async (request: FastifyRequest, page: { limit: number; cursor?: string | undefined }) => {
    const project = await projectAsked(catalogue, request);
    const sort = sorts[(one(request, 'sort') ?? 'date') as keyof typeof sorts] ?? 'lastSeen';
    // Nothing asked for means what is open; an empty question means everything.
    const search = one(request, 'query') ?? 'is:unresolved';
    const environment = one(request, 'environment');
    return catalogue.issues({ projectId: project?.id, search, environment }, { sort, ...page });
  };
  const list = async (request: FastifyRequest, reply: FastifyReply): Promise<Json[]> => {
    const { items, next } = await listed(request, pageOf(request));
    const projects = await catalogue.projects();
    return withLinks(
      request,
      reply,
      next,
      items.map((issue) =>
        presentIssue(
          issue,
          projects.find((project) => project.id === issue.projectId),
          originOf(request),
        ),
      ),
    );
  };
  const change = async (request: FastifyRequest): Promise<Json> => {
    const body = await bodyOf(request);
    const wanted = changeOf(body, clock.now());
    const ids = many(request, 'id');
    if (ids.length === 0) ids.push(...(await idsOf((page) => listed(request, page), one(request, 'status'))));
    for (const id of ids.slice(0, mostAtOnce)) await catalogue.change(await named(id), wanted, actorOf(request));
    // Answers of bulk changes repeat what was asked.
    return body;
  };
  for (const path of ['/api/0/organizations/:org/issues', '/api/0/projects/:org/:project/issues']) {
    scope.get(path, list);
    scope.put(path, change);
  }
  const shown = async (request: FastifyRequest, id: string): Promise<Json> => {
    const issue = await catalogue.issue(await named(id));
    const project = (await catalogue.projects()).find((known) => known.id === issue.projectId);
    return {
      ...presentIssue(issue, project, originOf(request)),
      firstRelease: issue.firstRelease && { version: issue.firstRelease },
      lastRelease: issue.lastRelease && { version: issue.lastRelease },
      activity: issue.activity.map((item) => ({ type: item.kind, dateCreated: item.at, data: { text: item.text } })),
    };
  };
  for (const prefix of ['/api/0/issues/:issue', '/api/0/organizations/:org/issues/:issue']) {
    scope.get(prefix, (request) => shown(request, paramsOf(request).issue!));
    scope.put(prefix, async (request) => {
      const issue = await catalogue.change(
        await named(paramsOf(request).issue!),
        changeOf(await bodyOf(request), clock.now()),
        actorOf(request),
      );
      return shown(request, issue.id);
    });
    scope.get(`${prefix}/events`, async (request, reply) => {
      const issue = await catalogue.issue(await named(paramsOf(request).issue!));
      const { items, next } = await catalogue.events({ issueId: issue.id }, pageOf(request));
      return withLinks(
        request,
        reply,
        next,
        items.map((event) => presentEvent(event, issue.projectId)),
      );
    });
    scope.get(`${prefix}/events/:event`, async (request) => {
      const { issue: id, event } = paramsOf(request);
      const issue = await catalogue.issue(await named(id!));
      const ends: Record<string, string | null> = {
        latest: issue.latestEventId,
        recommended: issue.latestEventId,
        oldest: issue.firstEventId,
      };
      const found = event! in ends ? ends[event!] : event;
      if (!found) throw new Fault('missing', 'No event of it is kept', { code: 'sentry.event' });
      return presentEventDetail(await catalogue.event(found), issue.projectId);
    });
  }
  const shortId = '/api/0/organizations/:org/shortids/:issue';
  scope.get(shortId, async (request) => {
    const { issue, org } = paramsOf(request);
    const group = await shown(request, issue!);
    return { organizationSlug: org, shortId: issue, groupId: group.id, group };
  });
  scope.get('/api/0/projects/:org/:project/events', async (request, reply) => {
    const project = await projectNamed(catalogue, paramsOf(request).project!);
    const { items, next } = await catalogue.events({ projectId: project.id }, pageOf(request));
    return withLinks(
      request,
      reply,
      next,
      items.map((event) => presentEvent(event, String(project.ingestId))),
    );
  });
  scope.get('/api/0/projects/:org/:project/events/:event', async (request) => {
    const { project: name, event } = paramsOf(request);
    const project = await projectNamed(catalogue, name!);
    return presentEventDetail(await catalogue.event(event!), String(project.ingestId));
  });
}

/** Everything that a bulk change without ids means: what its query, and its `status` of now, say. */
async function idsOf(
  page: (asked: { limit: number; cursor?: string | undefined }) => ReturnType<ErrorCatalogue['issues']>,
  status: string | undefined,
): Promise<string[]> {
  const ids: string[] = [];
  let cursor: string | undefined;
  do {
    const { items, next } = await page({ limit: 100, cursor });
    ids.push(...items.filter((issue) => status === undefined || issue.status === nameOf(status)).map(({ id }) => id));
    cursor = next ?? undefined;
  } while (cursor !== undefined && ids.length < mostAtOnce);
  return ids;
}

const nameOf = (status: string): string => (status === 'ignored' || status === 'muted' ? 'archived' : status);

/** A change in Sentry's words; throws when it says nothing that can be done. */
export function changeOf(body: Json, now: number): IssueChange {
  const details = objectOf(body.statusDetails) ?? {};
  const change: IssueChange = {};
  const status = textOf(body.status);
  if (status === 'resolved' || status === 'resolvedInNextRelease') {
    const release = textOf(details.inRelease);
    change.status = 'resolved';
    if (details.inNextRelease === true || status === 'resolvedInNextRelease') change.in = { in: 'next-release' };
    else if (release !== null) {
      change.in = release === 'latest' ? { in: 'release' } : { in: 'release', release };
    }
  } else if (status === 'ignored' || status === 'archived') {
    const minutes = numberOf(details.ignoreDuration);
    change.status = 'archived';
    change.until = {
      untilAt: minutes === null ? undefined : now + minutes * 60_000,
      untilCount: numberOf(details.ignoreCount) ?? undefined,
      untilUsers: numberOf(details.ignoreUserCount) ?? undefined,
      untilEscalating: textOf(body.substatus) === 'archived_until_escalating' || undefined,
    };
  } else if (status === 'unresolved') change.status = 'unresolved';
  else if (status !== null) throw nothing(`status ${status}`);
  if ('assignedTo' in body) {
    // `user:<id>`, an address, or nothing; teams there are none.
    const assignee = textOf(body.assignedTo)?.replace(/^user:/, '') ?? null;
    if (assignee?.startsWith('team:')) throw nothing('a team');
    change.assignee = assignee;
  }
  const priority = textOf(body.priority);
  if (priority === 'high' || priority === 'medium' || priority === 'low') change.priority = priority;
  if (Object.keys(change).length === 0) throw nothing('this change');
  return change;
}

const nothing = (what: string): Fault =>
  new Fault('invalid', `Millrace does not know ${what} of an issue`, {
    code: 'sentry.issue-change',
    hint: 'status (resolved, unresolved, ignored), assignedTo and priority can be changed.',
  });

function actorOf({ principal }: FastifyRequest): Actor {
  return { kind: 'token', id: principal?.id ?? '', name: principal?.name ?? '' };
}
