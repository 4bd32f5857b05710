import { afterAll, beforeAll, expect, test } from 'vitest';
import { callApi } from '../../test/harness/api.ts';
import { type TestDatabase, testDatabase } from '../../test/harness/postgres.ts';
import { system } from '../kernel/events.ts';
import { newId } from '../kernel/ids.ts';
import { idempotencyMigrations } from '../platform/http/idempotency.ts';
import { sql } from '../platform/postgres/sql.ts';
import { createDashboards, type Dashboards } from './index.ts';
import { dashboardsMigrations } from './migrations/index.ts';

const projectId = newId();
let store: TestDatabase;
let dashboards: Dashboards;
beforeAll(async () => {
  store = await testDatabase([...idempotencyMigrations, ...dashboardsMigrations]);
  dashboards = createDashboards({
    database: store.database,
    projects: { find: async (name) => (name === 'shop' ? { id: projectId } : undefined) },
  });
});
afterAll(() => store.close());

const documentOf = (name: string) => ({
  name,
  permissions: 'PRIVATE',
  pages: [
    {
      name: 'Main',
      widgets: [
        {
          title: 'Requests',
          visualization: { id: 'viz.line' },
          layout: { column: 1, row: 1, width: 12, height: 3 },
          rawConfiguration: { nrqlQueries: [{ query: 'SELECT count(*) FROM Transaction TIMESERIES' }] },
        },
      ],
    },
  ],
});

const factsOf = async (): Promise<string[]> =>
  (await store.database.query<{ type: string }>(sql`select type from platform_events order by position`)).map(
    ({ type }) => type,
  );

test('a dashboard from its import to its end, through the API', async () => {
  const api = await callApi(store.database, dashboards.room.contracts, 'developer');
  const made = await api.call('POST', '/dashboards', { project: 'shop', document: documentOf('Web') });
  expect(made).toMatchObject({
    status: 201,
    body: { projectId, name: 'Web', source: 'person', pages: 1, widgets: 1, version: 1, path: null },
  });
  const path = `/dashboards/${made.body.id}`;
  const shown = await api.call('GET', path);
  expect(shown.body.document).toMatchObject({ ...documentOf('Web'), variables: [] });

  const change = { document: documentOf('Web, renamed') };
  expect((await api.call('PUT', path, change, { 'if-match': '"1"' })).body).toMatchObject({
    name: 'Web, renamed',
    version: 2,
  });
  expect(await api.call('PUT', path, change, { 'if-match': '"1"' })).toMatchObject({
    status: 412,
    body: { code: 'dashboards.stale' },
  });
  expect(await api.call('POST', '/dashboards', { document: { name: 'x' } })).toMatchObject({
    status: 400,
    body: { code: 'dashboards.document' },
  });
  expect((await api.call('GET', '/dashboards?project=shop')).body.items).toHaveLength(1);
  expect((await api.call('DELETE', path)).status).toBe(200);
  expect((await api.call('GET', path)).status).toBe(404);
  expect(await factsOf()).toEqual([
    'dashboards.dashboard.created',
    'dashboards.dashboard.updated',
    'dashboards.dashboard.deleted',
  ]);
  await api.close();
});

test('dashboards of a repository follow its files', async () => {
  const push = (files: Record<string, string>) =>
    dashboards.syncFiles({
      projectId,
      sha: 'a'.repeat(40),
      files: { list: async () => Object.keys(files), read: async (path) => files[path] },
      actor: system('push'),
      causes: [],
    });
  const api = await callApi(store.database, dashboards.room.contracts, 'developer');
  const shown = async () =>
    (await api.call('GET', '/dashboards?project=shop')).body.items?.map((one) => [one.name, one.path, one.version]);
  const web = '.millrace/dashboards/web.json';
  await push({ [web]: JSON.stringify(documentOf('Web')), 'README.md': '{}', '.millrace/other.json': '{}' });
  await push({ [web]: JSON.stringify(documentOf('Web'), null, 2) });
  expect(await shown()).toEqual([['Web', web, 1]]);
  const id = (await api.call('GET', '/dashboards?project=shop')).body.items?.[0]?.id as string;
  expect(await api.call('PUT', `/dashboards/${id}`, { document: documentOf('Mine') })).toMatchObject({
    status: 409,
    body: { code: 'dashboards.from-repository' },
  });
  // A file that is no dashboard any more leaves the former one.
  await push({ [web]: '{ "name": ' });
  expect(await shown()).toEqual([['Web', web, 1]]);
  expect((await factsOf()).at(-1)).toBe('dashboards.file.refused');
  await push({
    [web]: JSON.stringify(documentOf('Web 2')),
    '.millrace/dashboards/b.json': JSON.stringify(documentOf('B')),
  });
  expect(await shown()).toEqual([
    ['B', '.millrace/dashboards/b.json', 1],
    ['Web 2', web, 2],
  ]);
  await push({});
  expect(await shown()).toEqual([]);
  await api.close();
});
