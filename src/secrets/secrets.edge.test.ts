import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Foundation, startFoundation } from '../../test/harness/foundation.ts';
import { system } from '../kernel/events.ts';
import type { Keyring } from '../platform/crypto/keyring.ts';
import { readEventsAfter } from '../platform/events/log.ts';
import { sql } from '../platform/postgres/sql.ts';
import type { Secrets } from './index.ts';

let test: Foundation;
let keyring: Keyring;
let secrets: Secrets;
let token: string;
let projectId: string;
let other: string;
const actor = system('test');

beforeAll(async () => {
  test = await startFoundation();
  ({ keyring, secrets } = test);
  token = await test.token('owner');
  projectId = (await test.projects.create({ name: 'shop' }, actor)).id;
  other = (await test.projects.create({ name: 'other' }, actor)).id;
});
afterAll(() => test?.close());

async function call(method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE', path: string, body?: object) {
  const payload = body ? { payload: body } : {};
  const headers = { authorization: `Bearer ${token}` };
  const response = await test.app.inject({ method, url: `/api/v1/secrets${path}`, headers, ...payload });
  return { status: response.statusCode, text: response.body, body: response.json() };
}

const run = (contexts: string[], trusted = true, project = projectId) =>
  secrets.forRun({ projectId: project, contexts, trusted, reader: 'run:7' });

describe('secrets', () => {
  it('go in and come out for runs only', async () => {
    const set = await call('PUT', `/projects/${projectId}/secrets/DATABASE_URL`, { value: 'postgres://top-secret' });
    expect([set.status, set.body.version]).toEqual([200, 1]);
    const again = await call('PUT', `/projects/${projectId}/secrets/DATABASE_URL`, { value: 'postgres://newer' });
    expect(again.body.version).toBe(2);
    expect(again.body.fingerprint).not.toBe(set.body.fingerprint);
    const listed = await call('GET', `/projects/${projectId}`);
    expect(listed.body.items).toMatchObject([{ name: 'DATABASE_URL', version: 2, lastReadAt: null }]);
    expect(listed.text).not.toContain('postgres://');
    expect(await run([])).toEqual([{ name: 'DATABASE_URL', value: 'postgres://newer' }]);
    expect((await call('PUT', `/projects/${projectId}/secrets/NOT-A-NAME`, { value: 'x' })).status).toBe(400);
  });

  it('are given by context, and the context wins', async () => {
    expect((await call('POST', '/contexts', { name: 'deploy', projectIds: [projectId] })).status).toBe(201);
    await call('PUT', '/contexts/deploy/secrets/TOKEN', { value: 'context-token' });
    await call('PUT', '/contexts/deploy/secrets/DATABASE_URL', { value: 'of-the-context' });
    expect(await run(['deploy'])).toEqual([
      { name: 'DATABASE_URL', value: 'of-the-context' },
      { name: 'TOKEN', value: 'context-token' },
    ]);
    await expect(run(['deploy'], true, other)).rejects.toMatchObject({ code: 'secrets.context' });
    await expect(run(['unknown'])).rejects.toMatchObject({ code: 'secrets.context' });
    await call('PATCH', '/contexts/deploy', { projectIds: null });
    expect(await run(['deploy'], true, other)).toHaveLength(2);
    expect((await call('POST', '/contexts', { name: 'deploy' })).status).toBe(409);
  });

  it('are not given to code from outside', async () => {
    expect(await run(['deploy'], false)).toEqual([]);
  });

  it('of an environment stay there', async () => {
    await call('PUT', `/projects/${projectId}/environments/production/secrets/STRIPE`, { value: 'sk_live_1' });
    expect(await secrets.forEnvironment({ projectId, environment: 'production', reader: 'deployment:9' })).toEqual([
      { name: 'STRIPE', value: 'sk_live_1' },
    ]);
    expect(await secrets.forEnvironment({ projectId, environment: 'staging', reader: 'deployment:9' })).toEqual([]);
    expect((await run([])).map((secret) => secret.name)).toEqual(['DATABASE_URL']);
    expect(await secrets.read(projectId, 'STRIPE')).toBeUndefined();
    expect(await secrets.read(projectId, 'DATABASE_URL')).toBe('postgres://newer');
  });

  it('leave a line for each read', async () => {
    const first = await call('GET', `/accesses?projectId=${projectId}&limit=2`);
    expect(first.body.items).toHaveLength(2);
    const rest = await call('GET', `/accesses?projectId=${projectId}&limit=100&cursor=${first.body.next}`);
    const lines = [...first.body.items, ...rest.body.items].map(
      ({ name, scope, reader }) => `${name} ${scope} ${reader}`,
    );
    expect(lines).toContain('TOKEN context:deploy run:7');
    expect(lines).toContain('STRIPE environment:production deployment:9');
    expect(rest.body.next).toBeNull();
  });

  it('lie in the database in no readable form, and do not open in another row', async () => {
    const rows = await test.database.query<{ row: string }>(sql`
      select row_to_json(v)::text as row from secrets_values v`);
    expect(rows.map((each) => each.row).join()).not.toMatch(/postgres:|context-token|sk_live/);
    await test.database.execute(sql`
      update secrets_values set sealed = (select sealed from secrets_values where name = 'STRIPE')
      where name = 'TOKEN'`);
    await expect(run(['deploy'])).rejects.toThrow();
    await call('PUT', '/contexts/deploy/secrets/TOKEN', { value: 'context-token' });
  });

  it('are sealed anew with a new key, also by a rotation that was interrupted', async () => {
    const before = keyring.currentKeyId();
    const rotated = await call('POST', '/key/rotate');
    expect(rotated.body).toEqual({ keyId: keyring.currentKeyId(), reencrypted: 4 });
    expect(rotated.body.keyId).not.toBe(before);
    const keys = await test.database.query<{ key: string }>(sql`
      select distinct split_part(sealed, '.', 2) as key from secrets_values`);
    expect(keys).toEqual([{ key: rotated.body.keyId }]);
    expect(await run(['deploy'])).toHaveLength(2);
    await keyring.rotate();
    const finished = await call('POST', '/key/rotate');
    expect(finished.body).toEqual({ keyId: keyring.currentKeyId(), reencrypted: 4 });
  });

  it('can be set by several at once', async () => {
    const values = Array.from({ length: 8 }, (_, n) => `value-${n}`);
    await Promise.all(values.map((value) => secrets.set({ projectId, name: 'RACE', value }, actor)));
    const listed = await call('GET', `/projects/${projectId}`);
    expect(listed.body.items.find((secret: { name: string }) => secret.name === 'RACE').version).toBe(8);
  });

  it('go with their context and their project, and never show in the log', async () => {
    expect((await call('DELETE', `/projects/${projectId}/secrets/RACE`)).status).toBe(200);
    expect((await call('DELETE', `/projects/${projectId}/secrets/RACE`)).status).toBe(404);
    expect((await call('DELETE', '/contexts/deploy')).status).toBe(200);
    await secrets.forgetProject(projectId);
    const left = await test.database.first<{ count: number }>(sql`select count(*) from secrets_values`);
    expect(left!.count).toBe(0);
    const events = await readEventsAfter(test.database, 0, { types: ['secrets.'] }, 200);
    expect(events.length).toBeGreaterThan(10);
    expect(JSON.stringify(events)).not.toMatch(/postgres:|context-token|sk_live|value-\d/);
  });

  it('are hidden in what a project sends: its own, its environments’ and those of open contexts, as they are now', async () => {
    const sender = (await test.projects.create({ name: 'sender' }, actor)).id;
    await call('POST', '/contexts', { name: 'for-sender', projectIds: [sender] });
    const said = 'own-kestrel, staging-heron, open-dipper, elsewhere-plover';
    const hidden = async (): Promise<string> => (await secrets.maskerOf(sender)).text(said);
    expect(await hidden()).toBe(said);
    await call('PUT', `/projects/${sender}/secrets/A`, { value: 'own-kestrel' });
    await call('PUT', `/projects/${sender}/environments/staging/secrets/B`, { value: 'staging-heron' });
    await call('PUT', '/contexts/for-sender/secrets/C', { value: 'open-dipper' });
    await call('PUT', `/projects/${other}/secrets/D`, { value: 'elsewhere-plover' });
    await expect.poll(hidden, { timeout: 30_000 }).toBe('****, ****, ****, elsewhere-plover');
    const listed = await call('GET', `/projects/${sender}`);
    expect(listed.body.items).toMatchObject([{ name: 'A', lastReadAt: null }]);
    const { body } = await call('GET', `/accesses?project=${sender}`);
    expect(body.items.map((access: { name: string; reader: string }) => `${access.name} ${access.reader}`)).toEqual(
      expect.arrayContaining(['A masking', 'B masking', 'C masking']),
    );
    await call('DELETE', `/projects/${sender}/secrets/A`);
    await call('PUT', '/contexts/for-sender/secrets/C', { value: 'elsewhere-plover' });
    await expect.poll(hidden, { timeout: 30_000 }).toBe('own-kestrel, ****, open-dipper, ****');
  });
});
