import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Api, callApi } from '../../test/harness/api.ts';
import { deployWorld, nodeService, type World, webCompose } from '../../test/harness/deploy-world.ts';

/** Environments fed by branches and by one another, approvals, promotion, and ways back to any release. */
let world: World;
let api: Api;
beforeAll(async () => {
  world = await deployWorld();
  api = await callApi(world.database, world.deployments.room.contracts, 'maintainer');
});
afterAll(async () => {
  await api?.close();
  await world?.close();
});

const patience = { timeout: 60_000, interval: 100 };

const post = async (path: string, body: object = {}) => (await api.call('POST', path, body)).body;
interface Environment {
  id: string;
  release: { id: string; version: string } | null;
  waiting: { id: string; status: string; release: { version: string } }[];
  active: { id: string } | null;
}
async function environment(name: string): Promise<Environment> {
  const { body } = await api.call<{ items: (Environment & { name: string })[] }>('GET', '/environments?project=shop');
  return body.items.find((each) => each.name === name)!;
}
const serving = async (name: string): Promise<string> => {
  const { status, body } = await world.get(`${name}.shop.localhost`);
  return status === 200 ? body : `(${status})`;
};
const serves = (name: string, version: string) => expect.poll(() => serving(name), patience).toBe(version);
/** Nothing is under way or waits, anywhere. */
const calm = () =>
  expect
    .poll(async () => {
      const all = await Promise.all(['dev', 'staging', 'production', 'nightly'].map(environment));
      return all.every((each) => each.active === null && each.waiting.every((one) => one.status === 'on_hold'));
    }, patience)
    .toBe(true);

/** dev is fed by main, staging by dev, production by staging once somebody agrees; nightly has a branch of its own. */
const files = (n: number | string, more = ''): Record<string, string> => ({
  'server.cjs': nodeService(`// change ${n}\n${more}`),
  'compose.yaml': webCompose,
  'millrace.yaml': `
environments:
  dev: { from: main }
  staging: { from: dev }
  production: { from: staging, approval: true }
  nightly: { from: nightly }
rollout: { healthyWithin: 60s, drain: 1s, verify: { for: 300ms } }
`,
});
const versions: string[] = [];
const release = async (n: number | string, branch = 'main'): Promise<string> => {
  const { version } = await world.release(files(n), branch);
  return version;
};

test('a release goes from environment to environment by itself, up to the one that wants approval', async () => {
  versions[1] = await release(1);
  await serves('dev', versions[1]);
  await serves('staging', versions[1]);
  await expect
    .poll(async () => (await environment('production')).waiting, patience)
    .toMatchObject([{ status: 'on_hold', release: { version: versions[1] } }]);
  expect(await serving('production')).toBe('(404)');
  expect(await serving('nightly')).toBe('(404)');
});

test('a branch feeds its own environment and no other', async () => {
  const nightly = await release('n', 'nightly');
  await serves('nightly', nightly);
  await calm();
  expect(await serving('dev')).toBe(versions[1]);
});

test('approval lets it go; the event names who agreed, and its cause is the request', async () => {
  const [waiting] = (await environment('production')).waiting;
  expect(await post(`/deployments/${waiting!.id}/approve`)).toMatchObject({ kind: 'promote', status: 'queued' });
  await serves('production', versions[1]!);
  const approved = await world.until('deployment.approved', versions[1]);
  expect(approved.actor).toMatchObject({ kind: 'person', name: 'Ada' });
  await calm();
});

test('what waits for approval can be turned down, and stays where it was', async () => {
  versions[2] = await release(2);
  await serves('staging', versions[2]);
  await expect.poll(async () => (await environment('production')).waiting.length, patience).toBe(1);
  const [waiting] = (await environment('production')).waiting;
  const refused = await post(`/deployments/${waiting!.id}/cancel`, { reason: 'not on a Friday' });
  expect(refused).toMatchObject({ status: 'canceled', reason: 'not on a Friday' });
  await calm();
  expect(await serving('production')).toBe(versions[1]);
  expect((await environment('production')).waiting).toEqual([]);
});

test('a person promotes what staging serves; it waits for approval like everything else that goes forward', async () => {
  const staging = await environment('staging');
  expect(await post(`/environments/${staging.id}/promote`, { reason: 'it is Monday' })).toMatchObject({
    items: [{ kind: 'promote', status: 'on_hold', environment: 'production', reason: 'it is Monday' }],
  });
  const [waiting] = (await environment('production')).waiting;
  await post(`/deployments/${waiting!.id}/approve`);
  await serves('production', versions[2]!);
  await calm();
});

test('one click goes back to any release, without approval, by the files that were built then', async () => {
  versions[3] = await release(3);
  await serves('staging', versions[3]);
  await calm();
  const staging = await environment('staging');
  const releases = await api.call<{ items: { id: string; version: string }[] }>('GET', '/projects/shop/releases');
  const idOf = (version: string) => releases.body.items.find((each) => each.version === version)!.id;
  // Two back, not just the one before.
  expect(
    await post(`/environments/${staging.id}/rollback`, { releaseId: idOf(versions[1]!), reason: 'the oldest' }),
  ).toMatchObject({ kind: 'rollback', release: { version: versions[1] } });
  await serves('staging', versions[1]!);
  await calm();
  // A roll back feeds nothing: production keeps what it has.
  expect(await serving('production')).toBe(versions[2]);
  // And forward again, to one that was left behind: a person may.
  await post(`/environments/${staging.id}/deployments`, { releaseId: idOf(versions[3]) });
  await serves('staging', versions[3]);
  await calm();
  // A release of another branch that never was here.
  const nightly = (await environment('nightly')).release!;
  await post(`/environments/${staging.id}/rollback`, { releaseId: nightly.id });
  await serves('staging', nightly.version);
  await calm();
});

test('a release that was taken back somewhere goes nowhere from there, and no feed brings it again', async () => {
  const hurting = files(4, 'function answer(_, response) { response.statusCode = 500; response.end(); }');
  hurting['millrace.yaml'] = hurting['millrace.yaml']!.replace('for: 300ms', 'for: 30s');
  const { version: bad } = await world.release(hurting);
  await world.until('deployment.switched', bad, 60_000);
  await expect
    .poll(async () => {
      await world.get('dev.shop.localhost').catch(() => undefined);
      return (await world.events()).some(
        (event) =>
          event.type === 'deployments.deployment.rolled_back' && (event.data as { version: string }).version === bad,
      );
    }, patience)
    .toBe(true);
  await calm();
  const went = (await world.events()).filter(
    (event) => event.type === 'deployments.deployment.requested' && (event.data as { version: string }).version === bad,
  );
  expect(went.map((event) => (event.data as { environment: string }).environment)).toEqual(['dev']);
  await serves('dev', versions[3]!);
  versions[5] = await release(5);
  await serves('dev', versions[5]);
  await serves('staging', versions[5]);
});

test('an environment that the file no longer names keeps what it has and is fed by nothing', async () => {
  await calm();
  const before = await serving('staging');
  const without = files(6);
  without['millrace.yaml'] = without['millrace.yaml']!.replace('  staging: { from: dev }\n', '').replace(
    'from: staging, approval: true',
    'from: dev',
  );
  const { version } = await world.release(without);
  await serves('dev', version);
  await serves('production', version);
  expect(await serving('staging')).toBe(before);
});
