import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { callOperation, type OperationInput } from '../../test/harness/call-operation.ts';
import { type TestDatabase, testDatabase } from '../../test/harness/postgres.ts';
import { systemClock } from '../kernel/clock.ts';
import { type Actor, system } from '../kernel/events.ts';
import { newId } from '../kernel/ids.ts';
import { readEventsBefore } from '../platform/events/log.ts';
import { openLog } from '../platform/observe/log.ts';
import type { TelemetryRecord } from '../platform/observe/telemetry-sink.ts';
import { sql } from '../platform/postgres/sql.ts';
import type { EventDetail, IssueDetail, IssueSummary } from './api.ts';
import { createErrors, type Errors } from './index.ts';
import { errorsMigrations } from './migrations/index.ts';
import type { ReceivedEvent, ReleaseDeployment } from './port.ts';

const projectId = newId();
const jane: Actor = { kind: 'person', id: newId(), name: 'Jane' };
const log = openLog({ level: 'error' });
let store: TestDatabase;
let dataDir: string;
let told: TelemetryRecord[];
let deployments: Map<string, ReleaseDeployment>;
let room: Errors;
let stopRoom: () => Promise<void>;

async function startRoom(withLoops = true): Promise<void> {
  const project = { id: projectId, slug: 'shop' };
  room = await createErrors({
    database: store.database,
    clock: systemClock,
    log,
    dataDir,
    telemetry: { write: async (records) => void told.push(...records) },
    projects: {
      list: async () => [],
      projectByIngest: async (id) => (id === 1 ? { ...project, publicKey: 'k' } : undefined),
      find: async (name) => (name === 'shop' || name === projectId ? project : undefined),
    },
    people: { nameOf: async (id) => (id === jane.id ? 'Jane' : undefined), byEmail: async () => undefined },
    releases: { deploymentOf: async (_, release) => deployments.get(release) },
  });
  const stop = new AbortController();
  const running = withLoops ? room.room.loops.map((loop) => loop.run(stop.signal)) : [];
  stopRoom = async () => {
    stop.abort();
    await Promise.all(running);
    await room.close();
  };
}

beforeEach(async () => {
  store = await testDatabase(errorsMigrations);
  dataDir = await mkdtemp(join(tmpdir(), 'millrace-errors-'));
  told = [];
  deployments = new Map();
  await startRoom();
});
afterEach(async () => {
  await stopRoom();
  await store.close();
  await rm(dataDir, { recursive: true, force: true });
});

const eventId = (): string => newId().replaceAll('-', '');
const received = (payload: object, id = eventId()): ReceivedEvent => ({
  projectId,
  eventId: id,
  receivedAt: Date.now(),
  payload: Buffer.from(JSON.stringify(payload)),
});
const keyError = (release: string, where = 'checkout', more: object = {}): object => ({
  platform: 'python',
  release,
  environment: 'production',
  tags: { service: 'web' },
  exception: {
    values: [
      {
        type: 'KeyError',
        value: "'percent'",
        stacktrace: {
          frames: [
            {
              module: 'shop.views',
              filename: 'shop/views.py',
              function: where,
              lineno: 42,
              in_app: true,
              pre_context: ['def f():'],
              context_line: `    return ${where}["percent"]`,
              post_context: [''],
            },
          ],
        },
      },
    ],
  },
  ...more,
});

const call = <Result>(name: string, input?: OperationInput): Promise<Result> =>
  callOperation<Result>(room.room.contracts[0]!, name, input, jane);

const issuesOf = async (query: object = {}): Promise<IssueSummary[]> =>
  (await call<{ items: IssueSummary[] }>('listIssues', { query })).items;

async function eventually<Result>(what: string, check: () => Promise<Result | undefined | false>): Promise<Result> {
  for (let waited = 0; waited < 15_000; waited += 40) {
    const result = await check();
    if (result) return result;
    await sleep(40);
  }
  throw new Error(`never happened: ${what}`);
}

const counted = (count: number): Promise<IssueSummary[]> =>
  eventually(`${count} events counted`, async () => {
    const row = await store.database.first<{ n: number | null }>(sql`select sum(count) as n from errors_issues`);
    return row?.n === count && issuesOf({ status: 'all' });
  });

test('groups what belongs together, counts each event id once, and shows issue and event', async () => {
  const twice = received(keyError('r1', 'checkout', { user: { id: 1, email: 'a@b.example' } }));
  await room.reception.accept([twice, twice, received(keyError('r1', 'checkout', { user: { id: 2 } }))]);
  await room.reception.accept([twice, received(keyError('r1', 'cart'))]);
  const issues = await counted(3);
  expect(issues.map(({ title, culprit, count, users }) => ({ title, culprit, count, users }))).toEqual(
    expect.arrayContaining([
      { title: "KeyError: 'percent'", culprit: 'shop.views.checkout', count: 2, users: 2 },
      { title: "KeyError: 'percent'", culprit: 'shop.views.cart', count: 1, users: 0 },
    ]),
  );
  const checkout = issues.find((issue) => issue.count === 2)!;
  expect(checkout).toMatchObject({
    shortId: expect.stringMatching(/^SHOP-[12]$/),
    substatus: 'new',
    firstRelease: 'r1',
    service: 'web',
  });
  expect(checkout.histogram.counts.reduce((sum, n) => sum + n, 0)).toBe(2);
  const detail = await call<IssueDetail>('getIssue', { params: { issueId: checkout.id } });
  expect(detail.releases).toMatchObject([{ release: 'r1', environment: 'production', count: 2, first: true }]);
  expect(detail.activity.map((one) => one.kind)).toEqual(['opened']);
  const event = await call<EventDetail>('getEvent', { params: { eventId: detail.latestEventId! } });
  expect(event.exceptions[0]?.frames[0]).toMatchObject({ file: 'shop/views.py', line: 42, inApp: true });
  expect(event.exceptions[0]?.frames[0]?.source.map((one) => one.line)).toEqual([41, 42, 43]);
  expect(event.grouping.variants[0]).toMatchObject({ name: 'app', contributes: true });
  expect(event.previousId).toBe(detail.firstEventId);
  const byClientId = await call<EventDetail>('getEvent', { params: { eventId: twice.eventId } });
  expect(byClientId.issueId).toBe(checkout.id);
  const tags = await call<{ tags: { key: string; values: { value: string; count: number }[] }[] }>('getIssueTags', {
    params: { issueId: checkout.id },
  });
  expect(tags.tags.find((tag) => tag.key === 'service')?.values).toEqual([{ value: 'web', count: 2 }]);
  expect(await call('listOutcomes', { query: { project: 'shop' } })).toMatchObject({
    items: expect.arrayContaining([
      { category: 'error', outcome: 'accepted', reason: '', quantity: 3 },
      { category: 'error', outcome: 'duplicate', reason: 'event_id', quantity: 2 },
    ]),
  });
});

test('names the deployment as the cause, regresses only in a later release, and tells telemetry what is new in a release', async () => {
  const deployment = (order: number): ReleaseDeployment => ({
    deploymentId: newId(),
    eventId: newId(),
    environment: 'production',
    startedAt: Date.now(),
    order,
  });
  for (const [index, release] of ['r1', 'r2', 'r3'].entries()) deployments.set(release, deployment(index + 1));
  await room.reception.accept([received(keyError('r2'))]);
  const [issue] = await counted(1);
  const opened = (await readEventsBefore(store.database, undefined, { types: ['errors.issue.opened'] }))[0]!;
  expect(opened).toMatchObject({
    subject: `issue:${issue!.id}`,
    causes: [deployments.get('r2')!.eventId],
    data: { release: 'r2', files: ['shop/views.py'] },
  });
  expect(issue!.suspect?.deployment).toMatchObject({ release: 'r2' });

  await call('resolveIssue', { params: { issueId: issue!.id }, body: { in: 'next-release' } });
  await sleep(5);
  await room.reception.accept([received(keyError('r2'))]);
  await counted(2);
  expect((await issuesOf({ status: 'resolved' })).length).toBe(1);
  await room.reception.accept([received(keyError('r3'))]);
  await counted(3);
  expect(await issuesOf({ substatus: 'regressed' })).toMatchObject([{ id: issue!.id, lastRelease: 'r3' }]);
  const regressed = (await readEventsBefore(store.database, undefined, { types: ['errors.issue.regressed'] }))[0]!;
  expect(regressed).toMatchObject({ causes: [deployments.get('r3')!.eventId], data: { resolvedIn: 'r2' } });
  await eventually('telemetry', async () => told.length === 3);
  expect(told.map(({ attributes }) => [attributes.release, attributes.firstSeenInRelease])).toEqual([
    ['r2', true],
    ['r2', true],
    ['r3', false],
  ]);
  expect(told[0]).toMatchObject({
    type: 'ErrorEvent',
    projectId,
    attributes: { service: 'web', environment: 'production', issueId: issue!.id },
  });
  expect(await call('listReleases', { query: { project: 'shop' } })).toMatchObject({
    items: [
      { release: 'r3', newIssues: 0, regressedIssues: 1 },
      { release: 'r2', newIssues: 1, events: 2 },
    ],
  });
});

test('people archive, assign and reopen; a cause is attached once', async () => {
  await room.reception.accept([received(keyError('r1'))]);
  const [issue] = await counted(1);
  const params = { issueId: issue!.id };
  expect(await call('assignIssue', { params, body: { personId: jane.id } })).toMatchObject({
    assignee: { name: 'Jane' },
  });
  await expect(call('assignIssue', { params, body: { personId: newId() } })).rejects.toMatchObject({
    code: 'errors.person-not-found',
  });
  await call('archiveIssue', { params, body: { untilCount: 2 } });
  await room.reception.accept([received(keyError('r1'))]);
  await counted(2);
  expect((await issuesOf({ status: 'archived' })).length).toBe(1);
  await room.reception.accept([received(keyError('r1'))]);
  await counted(3);
  expect(await issuesOf()).toMatchObject([{ substatus: 'escalating' }]);
  const cause = {
    commits: [
      {
        sha: 'a'.repeat(40),
        message: 'Tidy carts',
        author: { name: 'Bo', email: 'bo@x.example' },
        at: null,
        reason: 'changed shop/views.py',
      },
    ],
  };
  const because = newId();
  await room.attachCause(issue!.id, cause, [because], system('flow'));
  await room.attachCause(issue!.id, cause, [because], system('flow'));
  const found = await readEventsBefore(store.database, undefined, { types: ['errors.issue.cause-found'] });
  expect(found.length).toBe(1);
  expect(found[0]!.causes[0]).toBe(because);
  const detail = await call<IssueDetail>('getIssue', { params });
  expect(detail.activity.map((one) => one.kind)).toEqual([
    'cause-found',
    'unarchived',
    'archived',
    'assigned',
    'opened',
  ]);
  expect(await call('changeIssues', { body: { ids: [issue!.id], action: 'resolve' } })).toMatchObject({
    items: [{ status: 'resolved' }],
  });
  expect(await call('countIssues', {})).toEqual({ unresolved: 0, resolved: 1, archived: 0, new: 0, regressed: 0 });
});

test('an archive that has run out reopens by itself, and a deleted project leaves nothing', async () => {
  await room.reception.accept([received(keyError('r1'))]);
  const [issue] = await counted(1);
  await room.archive(issue!.id, { untilAt: Date.now() - 1 }, jane);
  await stopRoom();
  await startRoom();
  await eventually('reopened', async () => (await issuesOf({ status: 'unresolved' })).length === 1);
  await room.forgetProject(projectId);
  for (const table of ['issues', 'hashes', 'events', 'blocks', 'received', 'activity', 'outcomes', 'issue_hours']) {
    const rows = await store.database.first<{ n: number }>({
      text: `select count(*) as n from errors_${table}`,
      values: [],
    });
    expect([table, rows!.n]).toEqual([table, 0]);
  }
});

test('pages, searches and filters', async () => {
  await room.reception.accept(
    Array.from({ length: 7 }, (_, index) => received(keyError(`r${index % 2}`, `view${index}`))),
  );
  await counted(7);
  const seen: string[] = [];
  for (let cursor: string | undefined; ; ) {
    const page: { items: IssueSummary[]; next: string | null } = await call('listIssues', {
      query: { limit: 3, cursor, sort: 'firstSeen' },
    });
    seen.push(...page.items.map((one) => one.id));
    if (!page.next) break;
    cursor = page.next;
  }
  expect(new Set(seen).size).toBe(7);
  expect((await issuesOf({ search: 'keyerror view3' })).length).toBe(1);
  expect((await issuesOf({ search: '100%' })).length).toBe(0);
  expect((await issuesOf({ release: 'r1', environment: 'production' })).length).toBe(3);
  await expect(issuesOf({ cursor: 'nonsense' })).rejects.toMatchObject({ code: 'http.cursor' });
  await expect(issuesOf({ project: 'other' })).rejects.toMatchObject({ code: 'errors.project-not-found' });
});

test('a flood of one error is counted in full and kept in samples; a flood of kinds ends in one issue', async () => {
  await room.reception.accept(Array.from({ length: 1500 }, () => received(keyError('r1'))));
  const [issue] = await counted(1500);
  const detail = await call<IssueDetail>('getIssue', { params: { issueId: issue!.id } });
  const rows = await store.database.first<{ n: number }>(
    sql`select count(*) as n from errors_events where issue_id = ${issue!.id}`,
  );
  expect(detail.keptEvents).toBe(rows!.n);
  expect(rows!.n).toBeLessThanOrEqual(260);
  expect(rows!.n).toBeGreaterThanOrEqual(50);
  await room.reception.accept(
    Array.from({ length: 700 }, (_, index) => received({ fingerprint: [`kind ${index}`], message: 'm' })),
  );
  await counted(2200);
  const all = await store.database.first<{ n: number }>(sql`select count(*) as n from errors_issues`);
  expect(all!.n).toBeLessThanOrEqual(501);
  expect((await issuesOf({ search: 'too many new issues' }))[0]!.count).toBeGreaterThan(190);
});

test('what was accepted and not yet grouped is grouped after a restart, and bad events hold nobody up', async () => {
  await stopRoom();
  await startRoom(false);
  const dead = { ...received({}), payload: Buffer.from('{"half": ') };
  await room.reception.accept([dead, received(keyError('r1'))]);
  await stopRoom();
  expect(await issuesOf()).toEqual([]);
  await startRoom();
  await counted(1);
  expect(await call('listOutcomes', { query: { project: 'shop' } })).toMatchObject({
    items: expect.arrayContaining([{ category: 'error', outcome: 'invalid', reason: 'not_json', quantity: 1 }]),
  });
});

test('two servers on one database make one issue of one error', async () => {
  const first = room;
  const firstStop = stopRoom;
  const firstDir = dataDir;
  dataDir = await mkdtemp(join(tmpdir(), 'millrace-errors-'));
  await startRoom();
  const same = Array.from({ length: 200 }, () => received(keyError('r1')));
  const own = Array.from({ length: 200 }, () => received(keyError('r1')));
  await Promise.all([first.reception.accept(same), room.reception.accept([...same, ...own])]);
  const issues = await counted(400);
  expect(issues.length).toBe(1);
  await firstStop();
  await rm(firstDir, { recursive: true, force: true });
});
