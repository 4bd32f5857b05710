import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';
import { SentryCli } from '@sentry/cli';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ErrorsUnderTest, errorsUnderTest, eventually } from '../../../../test/harness/errors-room.ts';
import { type SentryServer, serveSentry } from '../../../../test/harness/sentry-server.ts';
import { systemClock } from '../../../kernel/clock.ts';
import { openLog } from '../../../platform/observe/log.ts';
import type { TelemetrySink } from '../../../platform/observe/telemetry-sink.ts';
import { createSentryApi, createSentryIntake } from '../index.ts';

/** The binary comes inside the npm package of its platform. */
const cli = SentryCli.getPath();

let house: ErrorsUnderTest;
let server: SentryServer;

beforeAll(async () => {
  house = await errorsUnderTest();
  const { uploads, catalogue, reception } = house.room;
  const telemetry: TelemetrySink = { write: async () => {} };
  const log = openLog({ level: 'error' });
  server = await serveSentry(
    [
      createSentryApi({ uploads, catalogue, clock: systemClock, log }),
      createSentryIntake({ reception, telemetry, clock: systemClock, log }),
    ],
    house.jane,
  );
  await house.room.reception.accept([
    house.received({
      exception: { values: [{ type: 'KeyError', value: 'no price', stacktrace: { frames: [{ function: 'total' }] } }] },
      release: 'shop@1.0.0',
      environment: 'production',
    }),
    house.received({ message: 'Slow answer', level: 'warning' }),
  ]);
  await eventually('two issues', async () => (await call('GET', '/api/0/projects/any/shop/issues/')).body.length === 2);
});
afterAll(async () => {
  await server.close();
  await house.close();
});

/** What the API answers, as far as the tests look into it. */
interface Told {
  id: string;
  title: string;
  permalink: string;
  metadata: { type: string };
  dsn: { public: string };
}
const call = async (method: string, path: string, body?: object, token?: string) => {
  const { json, ...answer } = await server.call(method, path, body, token);
  return { ...answer, body: json as Told[] & Record<string, string> };
};

test('issues are listed page by page, found by number, short id and id, changed one by one and together', async () => {
  const first = await call('GET', '/api/0/organizations/any/issues/?per_page=1&sort=new');
  expect(first.link).toMatch(/rel="next"; results="true"; cursor="[^"]+"/);
  const next = /<([^>]+)>; rel="next"/.exec(first.link!)![1]!;
  const second = await call('GET', next.slice(server.origin.length));
  expect(second.link).toMatch(/rel="next"; results="false"/);
  const both = [first.body[0], second.body[0]];
  const issue = both.find((one) => one?.metadata.type === 'KeyError')!;
  expect(issue).toMatchObject({
    shortId: 'SHOP-1',
    status: 'unresolved',
    count: '1',
    project: { id: '1', slug: 'shop' },
  });
  expect(issue.id).toMatch(/^\d+$/);
  for (const name of [issue.id, 'SHOP-1', issue.permalink.split('/').at(-1)]) {
    expect((await call('GET', `/api/0/issues/${name}/`)).body.title).toBe('KeyError: no price');
  }
  expect((await call('GET', '/api/0/organizations/any/shortids/SHOP-1/')).body.groupId).toBe(issue.id);
  const path = `/api/0/organizations/any/issues/${issue.id}/`;
  expect((await call('PUT', path, { status: 'resolved' }, 'look')).status).toBe(403);
  expect((await call('PUT', path, { status: 'resolved', statusDetails: { inNextRelease: true } })).body).toMatchObject({
    status: 'resolved',
  });
  expect((await call('PUT', path, { status: 'ignored', statusDetails: { ignoreCount: 5 } })).body.status).toBe(
    'ignored',
  );
  expect((await call('PUT', path, { status: 'unresolved', assignedTo: 'jane@shop.example' })).body).toMatchObject({
    status: 'unresolved',
    assignedTo: { name: 'Jane' },
  });
  expect((await call('PUT', path, { status: 'gone' })).status).toBe(400);
  const list = '/api/0/projects/any/shop/issues/';
  expect((await call('PUT', `${list}?status=unresolved`, { status: 'resolved' })).status).toBe(200);
  expect((await call('GET', list)).body).toEqual([]);
  expect((await call('GET', `${list}?query=`)).body.length).toBe(2);
  expect((await call('PUT', `${list}?id=${issue.id}`, { status: 'unresolved' })).status).toBe(200);
  expect((await call('GET', list)).body.map((one: { id: string }) => one.id)).toEqual([issue.id]);
});

test('events with their frames, projects with their DSN, releases, and what is not there', async () => {
  const { body: events } = await call('GET', '/api/0/projects/any/shop/events/');
  expect(events.map((event: { title: string }) => event.title).sort()).toEqual(['KeyError: no price', 'Slow answer']);
  const { body: latest } = await call('GET', '/api/0/organizations/any/issues/SHOP-1/events/latest/');
  expect(latest).toMatchObject({
    release: { version: 'shop@1.0.0' },
    entries: [{ type: 'exception', data: { values: [{ stacktrace: { frames: [{ function: 'total' }] } }] } }],
  });
  expect((await call('GET', `/api/0/projects/any/shop/events/${latest.eventID}/`)).body.eventID).toBe(latest.eventID);
  expect((await call('GET', '/api/0/projects/any/shop/keys/')).body[0]?.dsn.public).toBe('http://k@localhost/1');
  expect((await call('GET', '/api/0/projects/any/shop/releases/')).body).toMatchObject([
    { version: 'shop@1.0.0', newGroups: 1, dateReleased: null },
  ]);
  for (const path of [
    '/api/0/issues/SHOP-99/',
    '/api/0/projects/any/nothing/issues/',
    `/api/0/issues/${'9'.repeat(15)}/`,
  ]) {
    expect((await call('GET', path)).status).toBe(404);
  }
});

describe.skipIf(!existsSync(cli))('sentry-cli', () => {
  const run = async (...args: string[]): Promise<string> => {
    const { stdout, stderr } = await promisify(execFile)(cli, args, {
      timeout: 60_000,
      env: {
        SENTRY_URL: server.origin,
        SENTRY_ORG: 'any',
        SENTRY_PROJECT: 'shop',
        SENTRY_AUTH_TOKEN: 'dev',
        SENTRY_DSN: server.origin.replace('//', '//k@').concat('/1'),
        HOME: '/nonexistent',
      },
    });
    return stdout + stderr;
  };

  test('lists, tells, sends and changes', async () => {
    expect(await run('info')).toContain('ci@shop.example');
    expect(await run('projects', 'list')).toMatch(/\| 1 +\| shop \|/);
    expect(await run('repos', 'list')).toContain('http://localhost/git/shop.git');
    expect(await run('releases', 'list')).toContain('shop@1.0.0');
    expect(await run('releases', 'new', 'shop@2.0.0')).toContain('Created release');
    expect(await run('releases', 'finalize', 'shop@2.0.0')).toContain('Finalized');
    expect(await run('deploys', 'new', '-r', 'shop@2.0.0', '-e', 'production')).toContain('Created new deploy');
    expect(await run('deploys', 'list', '-r', 'shop@2.0.0')).toContain('production');
    expect(await run('releases', 'info', 'shop@2.0.0')).toContain('shop@2.0.0');
    expect(await run('monitors', 'run', '-s', '5 4 * * *', 'report', '--', 'true')).toBe('');
    await eventually('the job is there', async () => (await run('monitors', 'list')).includes('report'));
    await run('send-event', '-m', 'from the command line', '-r', 'shop@2.0.0');
    const id = await eventually('the event is there', async () => {
      const found = /\| (\d+) +\| SHOP-\d+ +\| from the command line/.exec(await run('issues', 'list'));
      return found?.[1];
    });
    expect(await run('events', 'list')).toContain('from the command line');
    expect(await run('issues', '-i', id, 'resolve')).toContain('resolved');
    expect((await call('GET', `/api/0/issues/${id}/`)).body.status).toBe('resolved');
    await expect(run('releases', 'archive', 'shop@2.0.0')).rejects.toThrow('Releases are not archived here');
    expect(await run('releases', 'delete', 'shop@2.0.0')).toContain('Deleted');
  });
});
