import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Api, callApi } from '../../test/harness/api.ts';
import { deployWorld, nodeService, type World, webCompose } from '../../test/harness/deploy-world.ts';

let world: World;
let api: Api;
beforeAll(async () => {
  world = await deployWorld();
  api = await callApi(world.database, world.deployments.room.contracts, 'maintainer');
});
afterAll(async () => {
  await api.close();
  await world.close();
});

const call: Api['call'] = (...asked) => api.call(...asked);

interface Environment {
  id: string;
  name: string;
  release: { version: string } | null;
  waiting: { id: string; status: string; release: { version: string } }[];
  active: { id: string } | null;
}
const environments = async (): Promise<Environment[]> =>
  (await call<{ items: Environment[] }>('GET', '/environments?project=shop')).body.items;
const environment = async (name: string): Promise<Environment> =>
  (await environments()).find((each) => each.name === name)!;

const files = (n: number): Record<string, string> => ({
  'server.cjs': nodeService(`// change ${n}`),
  'compose.yaml': webCompose,
  'millrace.yaml': `
environments:
  staging: { from: main, variables: { COLOUR: grey } }
  production: { from: staging, approval: true }
rollout: { healthyWithin: 10s, drain: 1s, verify: { for: 300ms } }
`,
});

test('production waits for approval of what was good in staging; a newer release supersedes a waiting one', async () => {
  const one = await world.release(files(1));
  await world.until('deployment.succeeded', one.version);
  await expect.poll(async () => (await environment('production')).waiting).toMatchObject([{ status: 'on_hold' }]);
  const two = await world.release(files(2));
  await world.until('deployment.superseded', one.version);
  await expect
    .poll(async () => (await environment('production')).waiting)
    .toMatchObject([{ status: 'on_hold', release: { version: two.version } }]);
  expect((await environment('production')).release).toBeNull();
  const [waiting] = (await environment('production')).waiting;
  const approved = await call('POST', `/deployments/${waiting!.id}/approve`);
  expect(approved).toMatchObject({ status: 200, body: { kind: 'promote' } });
  await expect
    .poll(async () => (await world.get('production.shop.localhost')).body, { timeout: 15_000 })
    .toBe(two.version);
  await expect
    .poll(async () => (await call('GET', `/deployments/${waiting!.id}`)).body)
    .toMatchObject({
      status: 'succeeded',
      approvedBy: { name: 'Ada' },
      steps: [{ name: 'preparing' }, { name: 'starting' }, { name: 'verifying' }, { name: 'retiring' }],
      gates: [{ kind: 'gateway' }, { kind: 'nrql', verdict: 'holds' }],
    });
});

test('variables are versioned, guarded by ETag, named in the log, and reach instances with the next deployment', async () => {
  const staging = await environment('staging');
  const path = `/environments/${staging.id}/variables`;
  const before = await call('GET', path);
  expect(before).toMatchObject({ body: { version: 0, variables: {} } });
  const put = await call(
    'PUT',
    path,
    { variables: { COLOUR: 'green', TOKENISH: 'abc' } },
    { 'if-match': before.etag! },
  );
  expect(put).toMatchObject({ status: 200, body: { version: 1, changedBy: 'Ada' } });
  expect((await call('PUT', path, { variables: {} }, { 'if-match': before.etag! })).status).toBe(412);
  const changed = await world.until('variables.changed');
  expect(changed.data).toMatchObject({ version: 1, added: ['COLOUR', 'TOKENISH'] });
  expect(JSON.stringify(changed)).not.toContain('abc');
  const env = async () =>
    JSON.parse((await world.get('staging.shop.localhost', '/env')).body) as Record<string, string>;
  expect((await env()).COLOUR).toBe('grey');
  const redeployed = await call('POST', `/environments/${staging.id}/deployments`, { reason: 'new colour' });
  expect(redeployed).toMatchObject({ status: 201, body: { kind: 'redeploy' } });
  await expect.poll(async () => (await env()).COLOUR, { timeout: 15_000 }).toBe('green');
});

test('the diff before a roll back says what returns; rolling back restores release and variables; the bad one stays away', async () => {
  const staging = await environment('staging');
  await expect.poll(async () => (await environment('staging')).active, { timeout: 15_000 }).toBeNull();
  const diff = await call('GET', `/environments/${staging.id}/diff`);
  expect(diff.body).toMatchObject({
    direction: 'back',
    commits: [{ author: 'Ann' }],
    settings: [
      { name: 'COLOUR', change: 'removed' },
      { name: 'TOKENISH', change: 'removed' },
    ],
    images: [{ service: 'web', change: 'changed' }],
  });
  const from = staging.release!.version;
  const asked = await call<{ id: string; release: { version: string } }>(
    'POST',
    `/environments/${staging.id}/rollback`,
    { reason: 'too green' },
  );
  expect(asked).toMatchObject({ status: 201, body: { kind: 'rollback', reason: 'too green' } });
  const target = asked.body.release.version;
  await expect.poll(async () => (await world.get('staging.shop.localhost')).body, { timeout: 15_000 }).toBe(target);
  expect(JSON.parse((await world.get('staging.shop.localhost', '/env')).body)).toMatchObject({ COLOUR: 'grey' });
  const releases = await call<{ items: { version: string; environments: { name: string; bad: string | null }[] }[] }>(
    'GET',
    '/projects/shop/releases',
  );
  const left = releases.body.items.find((each) => each.version === from)!;
  expect(left.environments.find((each) => each.name === 'staging')!.bad).toBe('too green');
});

test('lists, logs, routes and services answer in the shape of the contract', async () => {
  const releases = await call<{ items: { id: string }[]; next: string | null }>(
    'GET',
    '/projects/shop/releases?limit=1',
  );
  expect(releases.body.next).toBe('2');
  const id = releases.body.items[0]!.id;
  expect((await call('GET', `/releases/${id}`)).body).toMatchObject({ status: 'ready', services: [{ name: 'web' }] });
  const log = await call<{ lines: { text: string }[]; finished: boolean }>('GET', `/releases/${id}/log`);
  expect(log.body.finished).toBe(true);
  expect(log.body.lines.map((line) => line.text).join('\n')).toContain('Services from compose.yaml');
  expect((await call('GET', '/projects/shop/services')).body).toMatchObject({
    items: [{ name: 'web', ports: [8000] }],
  });
  const routes = await call<{ items: { host: string }[] }>('GET', '/gateway/routes?project=shop');
  expect(routes.body.items.map((each) => each.host)).toContain('web.production.shop.localhost');
  const list = await call<{ items: object[] }>('GET', '/deployments?project=shop&limit=3');
  expect(list.body.items).toHaveLength(3);
});

test('refusals are plain', async () => {
  const production = await environment('production');
  expect((await call('POST', `/environments/${production.id}/rollback`, {})).body).toMatchObject({
    status: 409,
    code: 'deployments.nothing-to-return-to',
  });
  expect((await call('POST', `/environments/${production.id}/promote`, {})).body).toMatchObject({
    code: 'deployments.feeds-nothing',
  });
  expect((await call('GET', '/releases/01890000-0000-7000-8000-00000000dead')).status).toBe(404);
});
