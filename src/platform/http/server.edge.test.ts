import { connect } from 'node:net';
import type { FastifyInstance, InjectOptions } from 'fastify';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type TestDatabase, testDatabase } from '../../../test/harness/postgres.ts';
import { Fault } from '../../kernel/faults.ts';
import { sql } from '../postgres/sql.ts';
import { defineContract, mountOn } from './contract.ts';
import { idempotencyMigrations } from './idempotency.ts';
import { atLeast, type Principal } from './principal.ts';
import { createHttpServer, createIntakeServer, type Gatekeeper } from './server.ts';

const contract = defineContract('things', {
  list: {
    method: 'GET',
    path: '/things',
    summary: 'List things',
    role: 'viewer',
    query: z.object({ limit: z.coerce.number().int().max(5).default(3) }),
    response: z.object({ limit: z.number() }),
  },
  create: {
    method: 'POST',
    path: '/things',
    summary: 'Create a thing',
    role: 'developer',
    body: z.object({ name: z.string().min(1), size: z.number() }),
    response: z.object({ name: z.string(), serial: z.number() }),
    creates: true,
  },
  get: {
    method: 'GET',
    path: '/things/:id',
    summary: 'Get a thing',
    role: 'viewer',
    params: z.object({ id: z.string().max(8) }),
    response: z.object({ id: z.string(), version: z.number() }),
    etag: 'version',
  },
});

const principalOf = (name: string, role: Principal['role']): Principal => ({
  kind: 'token',
  id: name,
  personId: name,
  name,
  email: `${name}@example.test`,
  role,
  scopes: null,
});
const people: Record<string, Principal> = { dev: principalOf('dev', 'developer'), eve: principalOf('eve', 'viewer') };

const gatekeeper: Gatekeeper = {
  authenticate: async (request) => people[request.headers.authorization?.replace('Bearer ', '') ?? ''] ?? null,
  authorize(principal, { role }) {
    if (role === 'public') return;
    if (!principal) throw new Fault('unauthenticated', 'Nobody is signed in', { code: 'test.nobody' });
    if (!atLeast(principal.role, role)) throw new Fault('forbidden', 'Not for you', { code: 'test.role' });
  },
};

describe('the HTTP server', () => {
  let app: FastifyInstance;
  let store: TestDatabase;
  let serial = 0;

  beforeAll(async () => {
    const things = { id: 'things/0001', statements: 'create table things (name text not null)' };
    store = await testDatabase([...idempotencyMigrations, things]);
    app = await createHttpServer({
      database: store.database,
      log: pino({ level: 'silent' }),
      gatekeeper,
      version: '0.0.0',
      intakes: [
        {
          name: 'raw',
          authentication: 'none',
          reachableByServices: true,
          register: (scope) => void scope.post('/raw', () => ({ raw: true })),
        },
        {
          name: 'git',
          authentication: 'password',
          reachableByServices: false,
          register: (scope) => void scope.get('/git', () => ({ git: true })),
        },
      ],
      contracts: [
        mountOn(contract, store.database, (database) => ({
          list: ({ query }) => ({ limit: query.limit }),
          create: async ({ body }) => {
            serial += 1;
            await database.transaction((tx) => tx.execute(sql`insert into things values (${body.name})`));
            if (body.name === 'broken') throw new Error('a bug with a password inside');
            return { name: body.name, serial };
          },
          get: ({ params }) => {
            if (params.id !== '1')
              throw new Fault('missing', 'No such thing', { code: 'things.missing', hint: 'Try 1.' });
            return { id: '1', version: 7 };
          },
        })),
      ],
    });
  });
  afterAll(async () => {
    await app.close();
    await store.close();
  });

  const as = (who: string) => ({ authorization: `Bearer ${who}` });
  const create = (who: string, body: object, key?: string) =>
    app.inject({
      method: 'POST',
      url: '/api/v1/things',
      headers: { ...as(who), ...(key ? { 'idempotency-key': key } : {}) },
      payload: body,
    });

  it('parses the query and fills in defaults', async () => {
    const response = await app.inject({ url: '/api/v1/things', headers: as('eve') });
    expect(response.json()).toEqual({ limit: 3 });
  });

  it('answers every refusal as problem+json with a code, and every wrong field at once', async () => {
    const missing = await app.inject({ url: '/api/v1/things/2', headers: as('eve') });
    expect(missing.statusCode).toBe(404);
    expect(missing.headers['content-type']).toContain('application/problem+json');
    expect(missing.json()).toMatchObject({ code: 'things.missing', hint: 'Try 1.', status: 404 });
    const invalid = await create('dev', { name: '', size: 'big' });
    expect(invalid.statusCode).toBe(400);
    expect(invalid.json().problems.map((problem: { file: string }) => problem.file)).toEqual(['name', 'size']);
    const nowhere = await app.inject({ url: '/api/v1/nothing' });
    expect(nowhere.json()).toMatchObject({ status: 404, code: 'http.no-route' });
    const garbage = await app.inject({
      method: 'POST',
      url: '/api/v1/things',
      headers: { ...as('dev'), 'content-type': 'application/json' },
      payload: '{"name": ',
    });
    expect(garbage.statusCode).toBe(400);
  });

  it('tells a wrong method, address, media type and size apart, each as problem+json', async () => {
    const cases: [InjectOptions, number, string][] = [
      [{ method: 'DELETE', url: '/api/v1/things' }, 405, 'http.method'],
      [{ method: 'PUT', url: '/api/v1/things/1/' }, 405, 'http.method'],
      [{ method: 'GET', url: '/raw' }, 405, 'http.method'],
      [{ method: 'POST', url: '/api/v1/nothing/at/all' }, 404, 'http.no-route'],
      [{ method: 'GET', url: '/api/v1/things/%zz' }, 400, 'http.url'],
      [{ method: 'GET', url: '/api/v1/things/nothing-like-that' }, 404, 'http.no-such-name'],
      [
        { method: 'POST', url: '/api/v1/things', headers: { 'content-type': 'text/xml' }, payload: '<a/>' },
        415,
        'http.media-type',
      ],
      [{ method: 'POST', url: '/api/v1/things', payload: { name: 'x'.repeat(2 ** 20) } }, 413, 'http.too-large'],
      [
        { method: 'POST', url: '/api/v1/things', headers: { 'content-type': 'application/json' }, payload: '' },
        400,
        'http.json',
      ],
      [{ method: 'POST', url: '/api/v1/things' }, 400, 'http.invalid'],
    ];
    for (const [request, status, code] of cases) {
      const response = await app.inject({ ...request, headers: { ...as('dev'), ...request.headers } });
      expect(response.json(), `${request.method} ${String(request.url)}`).toMatchObject({ status, code });
      expect(response.statusCode).toBe(status);
      expect(response.headers['content-type']).toContain('application/problem+json');
      if (status === 405) expect(response.headers.allow).toMatch(/^(GET|POST|HEAD)/);
    }
  });

  it('answers what is no request, on the wire', async () => {
    const address = await app.listen({ host: '127.0.0.1', port: 0 });
    const say = (bytes: string): Promise<string> =>
      new Promise((resolve, reject) => {
        let heard = '';
        const socket = connect(Number(new URL(address).port), '127.0.0.1', () => socket.write(bytes));
        socket.on('data', (chunk) => {
          heard += chunk.toString();
        });
        socket.on('close', () => resolve(heard));
        socket.on('error', reject);
      });
    for (const [bytes, status, code] of [
      ['GARBAGE\r\n\r\n', '400 Bad Request', 'http.unreadable'],
      [
        `GET / HTTP/1.1\r\nx: ${'x'.repeat(20_000)}\r\n\r\n`,
        '431 Request Header Fields Too Large',
        'http.headers-too-large',
      ],
    ] as const) {
      const heard = await say(bytes);
      expect(heard).toMatch(new RegExp(`^HTTP/1.1 ${status}\r\n`));
      expect(heard).toContain('content-type: application/problem+json');
      expect(JSON.parse(heard.split('\r\n\r\n')[1]!)).toMatchObject({ code });
    }
  });

  it('tells nothing of an unexpected error but where to look', async () => {
    const response = await create('dev', { name: 'broken', size: 1 });
    expect(response.statusCode).toBe(500);
    expect(response.body).not.toContain('password');
    expect(response.json().requestId).toBeTruthy();
  });

  it('asks the gatekeeper before anything else', async () => {
    expect((await create('eve', { name: 'x', size: 1 })).statusCode).toBe(403);
    const nobody = await app.inject({ url: '/api/v1/things' });
    expect(nobody.statusCode).toBe(401);
    expect(nobody.headers['www-authenticate']).toContain('Bearer');
  });

  it('creates once for an idempotency key', async () => {
    const first = await create('dev', { name: 'a', size: 1 }, 'key-1');
    const second = await create('dev', { name: 'a', size: 1 }, 'key-1');
    expect(first.statusCode).toBe(201);
    expect(second.json()).toEqual(first.json());
    expect(second.headers['idempotent-replayed']).toBe('true');
    const other = await create('dev', { name: 'b', size: 1 }, 'key-1');
    expect(other.statusCode).toBe(422);
    const concurrent = await Promise.all([1, 2, 3].map(() => create('dev', { name: 'c', size: 1 }, 'key-2')));
    const made = concurrent.filter((response) => response.statusCode === 201);
    expect(new Set(made.map((response) => response.json().serial)).size).toBe(1);
    expect(concurrent.every((response) => [201, 409].includes(response.statusCode))).toBe(true);
  });

  it('makes what it creates and the record of its key in one transaction', async () => {
    const named = (name: string) => store.database.query(sql`select name from things where name = ${name}`);
    // What stands between the work and its record: here a store that refuses the record, in life a kill -9.
    await store.database.execute(sql`
      create function refuse() returns trigger language plpgsql as $$ begin raise exception 'no'; end $$`);
    await store.database.execute(sql`
      create trigger refuse before insert on platform_idempotency for each row execute function refuse()`);
    expect((await create('dev', { name: 'whole', size: 1 }, 'key-3')).statusCode).toBe(500);
    expect(await named('whole')).toEqual([]);
    await store.database.execute(sql`drop trigger refuse on platform_idempotency`);
    expect((await create('dev', { name: 'whole', size: 1 }, 'key-3')).statusCode).toBe(201);
    expect((await create('dev', { name: 'whole', size: 1 }, 'key-3')).statusCode).toBe(201);
    expect(await named('whole')).toHaveLength(1);
    await store.database.execute(sql`delete from things`);
    // And work that fails leaves neither itself nor its key.
    expect((await create('dev', { name: 'broken', size: 1 }, 'key-4')).statusCode).toBe(500);
    expect(await named('broken')).toEqual([]);
    expect((await create('dev', { name: 'mended', size: 1 }, 'key-4')).statusCode).toBe(201);
  });

  it('gives an ETag and answers 304 for what is known', async () => {
    const first = await app.inject({ url: '/api/v1/things/1', headers: as('eve') });
    expect(first.headers.etag).toBe('"7"');
    const again = await app.inject({ url: '/api/v1/things/1', headers: { ...as('eve'), 'if-none-match': '"7"' } });
    expect(again.statusCode).toBe(304);
  });

  it('prints its OpenAPI document', async () => {
    const document = (await app.inject({ url: '/api/v1/openapi.json' })).json();
    expect(document.paths['/api/v1/things/{id}'].get['x-millrace-role']).toBe('viewer');
    const page = await app.inject({ url: '/api/v1/docs' });
    expect(page.headers['content-type']).toContain('text/html');
    expect(page.body).toContain('Create a thing');
  });

  it('shows deployed services only the intakes meant for them', async () => {
    const intake = await createIntakeServer({
      log: pino({ level: 'silent' }),
      intakes: [
        { name: 'a', authentication: '', reachableByServices: true, register: (s) => void s.get('/a', () => 'a') },
        { name: 'b', authentication: '', reachableByServices: false, register: (s) => void s.get('/b', () => 'b') },
      ],
    });
    expect((await intake.inject({ url: '/a' })).statusCode).toBe(200);
    expect((await intake.inject({ url: '/b' })).statusCode).toBe(404);
    expect((await intake.inject({ url: '/api/v1/things' })).statusCode).toBe(404);
    await intake.close();
  });
});
