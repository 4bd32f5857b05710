import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type TestDatabase, testDatabase } from '../../test/harness/postgres.ts';
import { readEventsAfter } from '../platform/events/log.ts';
import { idempotencyMigrations } from '../platform/http/idempotency.ts';
import { createHttpServer } from '../platform/http/server.ts';
import { openLog } from '../platform/observe/log.ts';
import { sql } from '../platform/postgres/sql.ts';
import { createIdentity, type Identity } from './index.ts';
import { identityMigrations } from './migrations/index.ts';

let test: TestDatabase;
let identity: Identity;
let app: FastifyInstance;
let now = Date.now();
const log = openLog({ level: 'error' });

beforeAll(async () => {
  test = await testDatabase([...identityMigrations, ...idempotencyMigrations]);
  identity = createIdentity({
    database: test.database,
    clock: { now: () => now },
    log,
    publicUrl: () => 'http://localhost:7400',
  });
  app = await createHttpServer({
    database: test.database,
    log,
    gatekeeper: identity,
    contracts: identity.room.contracts,
    intakes: [],
    version: '0.0.0',
  });
});
afterAll(async () => {
  await app?.close();
  await test?.close();
});

interface Reply {
  status: number;
  // biome-ignore lint/suspicious/noExplicitAny: what an answer holds is what the tests are about
  body: any;
  cookie: string;
}

async function call(
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
  path: string,
  options: { body?: object; cookie?: string; token?: string; headers?: Record<string, string> } = {},
): Promise<Reply> {
  const response = await app.inject({
    method,
    url: `/api/v1/identity${path}`,
    ...(options.body ? { payload: options.body } : {}),
    headers: {
      ...(options.cookie ? { cookie: options.cookie, 'x-millrace-request': '1' } : {}),
      ...(options.token ? { authorization: `Bearer ${options.token}` } : {}),
      ...options.headers,
    },
  });
  const [cookie = ''] = String(response.headers['set-cookie'] ?? '').split(';');
  return { status: response.statusCode, body: response.json(), cookie };
}

const owner = { name: 'Ada', email: 'Ada@Example.org', password: 'correct horse battery' };
const tokenOf = (link: string): string => link.split('#')[1]!;

describe('identity over HTTP', () => {
  let cookie: string;

  it('gives the installation to whoever holds the one-time link, once', async () => {
    expect(await identity.ownerExists()).toBe(false);
    const first = tokenOf(await identity.createOwnerLink());
    const second = tokenOf(await identity.createOwnerLink());
    const wrong = await call('POST', '/owner', { body: { ...owner, token: 'guess' } });
    expect(wrong.status).toBe(403);
    const claims = await Promise.all([
      call('POST', '/owner', { body: { ...owner, token: first } }),
      call('POST', '/owner', { body: { ...owner, email: 'eve@example.org', token: second } }),
    ]);
    expect(claims.map((claim) => claim.status).sort()).not.toEqual([201, 201]);
    const won = claims.find((claim) => claim.status === 201)!;
    // Whichever won, the rest of the tests needs Ada.
    if (won.body.email !== 'ada@example.org') {
      await test.database.execute(sql`update identity_people set email = 'ada@example.org', name = 'Ada'`);
    }
    cookie = won.cookie;
    expect(await identity.ownerExists()).toBe(true);
    await expect(identity.createOwnerLink()).rejects.toMatchObject({ code: 'identity.owner-exists' });
    const again = await call('POST', '/owner', { body: { ...owner, email: 'c@example.org', token: second } });
    expect([403, 409]).toContain(again.status);
  });

  it('keeps nothing in readable form', async () => {
    const dump = await test.database.query<{ row: string }>(sql`
      select row_to_json(p)::text as row from identity_people p
      union all select row_to_json(s)::text from identity_sessions s
      union all select row_to_json(l)::text from identity_links l`);
    const text = dump.map((each) => each.row).join('\n');
    expect(text).not.toContain(owner.password);
    expect(text).not.toContain(cookie.split('=')[1]);
    expect(text).toContain('scrypt$');
  });

  it('signs in, shows who, and signs out', async () => {
    const login = await call('POST', '/login', { body: { email: 'ADA@example.org', password: owner.password } });
    expect(login.status).toBe(200);
    expect(login.body).toMatchObject({ name: 'Ada', role: 'owner', kind: 'person' });
    expect((await call('GET', '/me', { cookie: login.cookie })).body.email).toBe('ada@example.org');
    expect((await call('GET', '/sessions', { cookie: login.cookie })).body.items).toHaveLength(2);
    expect((await call('POST', '/logout', { cookie: login.cookie })).status).toBe(200);
    expect((await call('GET', '/me', { cookie: login.cookie })).status).toBe(401);
    expect((await call('GET', '/status', { cookie: login.cookie })).body).toEqual({ ownerExists: true, me: null });
  });

  it('refuses a write that another site sent with the cookie', async () => {
    const foreign = { cookie: '', headers: { cookie, origin: 'https://evil.example', host: 'localhost:7400' } };
    const refused = await call('PATCH', '/me', { ...foreign, body: { name: 'Eve' } });
    expect([refused.status, refused.body.code]).toEqual([403, 'identity.cross-site']);
    const own = { headers: { cookie, origin: 'http://localhost:7400', host: 'localhost:7400' } };
    expect((await call('PATCH', '/me', { ...own, body: { gitEmails: ['Ada@Work.example'] } })).status).toBe(200);
    expect((await identity.personByEmail('ada@work.example'))?.name).toBe('Ada');
  });

  it('invites people, changes their role (ending their sessions), and keeps the last owner', async () => {
    const invited = await call('POST', '/invitations', {
      cookie,
      body: { email: 'bob@example.org', role: 'developer' },
    });
    expect(invited.status).toBe(201);
    const accept = { token: tokenOf(invited.body.link), name: 'Bob', password: 'another long one' };
    const bob = await call('POST', '/invitations/accept', { body: accept });
    expect([bob.status, bob.body.role]).toEqual([201, 'developer']);
    expect((await call('POST', '/invitations/accept', { body: accept })).status).toBe(403);
    expect(
      (await call('POST', '/invitations', { cookie: bob.cookie, body: { email: 'x@y.org', role: 'owner' } })).status,
    ).toBe(403);

    const me = (await call('GET', '/me', { cookie })).body;
    const demoted = await call('PATCH', `/people/${me.id}`, { cookie, body: { role: 'viewer' } });
    expect([demoted.status, demoted.body.code]).toEqual([409, 'identity.last-owner']);
    expect((await call('PATCH', `/people/${bob.body.id}`, { cookie, body: { role: 'owner' } })).status).toBe(200);
    expect((await call('GET', '/me', { cookie: bob.cookie })).status).toBe(401);

    // Two owners who remove each other at the same moment: one stays.
    const again = await call('POST', '/login', { body: { email: 'bob@example.org', password: 'another long one' } });
    const removals = await Promise.all([
      call('DELETE', `/people/${bob.body.id}`, { cookie }),
      call('DELETE', `/people/${me.id}`, { cookie: again.cookie }),
    ]);
    expect(removals.filter((removal) => removal.status === 200)).toHaveLength(1);
    const left = await identity.people();
    expect(left.filter((person) => person.role === 'owner')).toHaveLength(1);
    cookie = left[0]!.name === 'Bob' ? again.cookie : cookie;
  });

  it('makes tokens that do what their scopes and role say, until they end', async () => {
    const make = async (body: object) => (await call('POST', '/tokens', { cookie, body })).body;
    const reader = await make({ name: 'reader', scopes: ['identity:read'], role: 'viewer', expiresInDays: 1 });
    expect(reader.token).toMatch(/^mr_/);
    expect((await call('GET', '/me', { token: reader.token })).body).toMatchObject({ kind: 'token', role: 'viewer' });
    expect((await call('POST', '/tokens', { token: reader.token, body: { name: 'more' } })).status).toBe(403);
    const writer = await make({ name: 'writer', scopes: ['identity', 'pipelines'] });
    const wider = await call('POST', '/tokens', { token: writer.token, body: { name: 'wider', scopes: ['secrets'] } });
    expect([wider.status, wider.body.code]).toEqual([403, 'identity.token-rights']);
    expect(
      (await call('POST', '/me/password', { token: writer.token, body: { current: 'x', next: 'y'.repeat(12) } })).body
        .code,
    ).toBe('identity.in-person');
    expect((await call('GET', '/me', { token: 'mr_wrong' })).body.code).toBe('identity.token');
    now += 2 * 86_400_000;
    expect((await call('GET', '/me', { token: reader.token })).body.detail).toContain('expired');
    expect((await call('DELETE', `/tokens/${writer.id}`, { cookie })).status).toBe(200);
    expect((await call('GET', '/me', { token: writer.token })).status).toBe(401);
  });

  it('knows programs by Basic authentication', async () => {
    const [person] = await identity.people();
    const { text } = await identity.createToken(
      { personId: person!.id, name: 'git', role: 'developer', scopes: ['projects'], expiresAt: null },
      { kind: 'system', id: 'test', name: 'test' },
    );
    const basic = (user: string, password: string) => ({
      headers: { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` },
      ip: '127.0.0.9',
    });
    expect(await identity.authenticateBasic(basic('anything', text))).toMatchObject({ role: 'developer' });
    expect(await identity.authenticateBasic(basic(text, ''))).toMatchObject({ role: 'developer' });
    expect(await identity.authenticateBasic({ headers: {}, ip: '127.0.0.9' })).toBeNull();
    await expect(identity.authenticateBasic(basic('x', 'mr_none'))).rejects.toMatchObject({ code: 'identity.token' });
  });

  it('makes those who guess wait, also at once from many places, without locking the rest out', async () => {
    const guess = (n: number) =>
      app.inject({
        method: 'POST',
        url: '/api/v1/identity/login',
        remoteAddress: `10.0.0.${n}`,
        payload: { email: 'target@example.org', password: `guess ${n}` },
      });
    const replies = await Promise.all(Array.from({ length: 12 }, (_, n) => guess(n)));
    const statuses = replies.map((reply) => reply.statusCode);
    expect(statuses.filter((status) => status === 401)).toHaveLength(5);
    expect(statuses.filter((status) => status === 429)).toHaveLength(7);
    expect(Number(replies.find((reply) => reply.statusCode === 429)!.headers['retry-after'])).toBeGreaterThan(0);
    const [person] = await identity.people();
    const other = await call('POST', '/login', { body: { email: person!.email, password: 'wrong' } });
    expect(other.status).toBe(401);
  });

  it('changes a password, ending every other session', async () => {
    const [person] = await identity.people();
    const current = person!.name === 'Bob' ? 'another long one' : owner.password;
    now += 3_600_000;
    const other = await call('POST', '/login', { body: { email: person!.email, password: current } });
    const wrong = await call('POST', '/me/password', { cookie, body: { current: 'nope', next: 'a new long one' } });
    expect(wrong.status).toBe(403);
    const changed = await call('POST', '/me/password', { cookie, body: { current, next: 'a new long one' } });
    expect(changed.status).toBe(200);
    expect((await call('GET', '/me', { cookie: other.cookie })).status).toBe(401);
    expect((await call('GET', '/me', { cookie })).status).toBe(401);
    expect((await call('GET', '/me', { cookie: changed.cookie })).status).toBe(200);
  });

  it('says all of it in the log, without secrets', async () => {
    const events = await readEventsAfter(test.database, 0, { types: ['identity.'] }, 200);
    const types = new Set(events.map((event) => event.type));
    for (const type of ['person.joined', 'person.role-changed', 'person.removed', 'token.made', 'token.revoked']) {
      expect(types).toContain(`identity.${type}`);
    }
    expect(JSON.stringify(events)).not.toMatch(/mr_[A-Za-z0-9_-]{10}|correct horse|scrypt/);
  });
});
