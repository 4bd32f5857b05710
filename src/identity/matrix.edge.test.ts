import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type TestDatabase, testDatabase } from '../../test/harness/postgres.ts';
import { contracts } from '../app/contracts.ts';
import { systemClock } from '../kernel/clock.ts';
import { system } from '../kernel/events.ts';
import { Fault } from '../kernel/faults.ts';
import { idempotencyMigrations } from '../platform/http/idempotency.ts';
import { type Role, roles } from '../platform/http/principal.ts';
import { createHttpServer } from '../platform/http/server.ts';
import { openLog } from '../platform/observe/log.ts';
import { createIdentity } from './index.ts';
import { identityMigrations } from './migrations/index.ts';

/**
 * The whole API behind the real server, with the real credentials of each role, and handlers that only say that they
 * were reached: whatever a route's rooms do, nobody gets there without the right to.
 */
let test: TestDatabase;
let app: FastifyInstance;
const tokens = new Map<Role, string>();

beforeAll(async () => {
  test = await testDatabase([...identityMigrations, ...idempotencyMigrations]);
  const { database } = test;
  const log = openLog({ level: 'fatal' });
  const identity = createIdentity({ database, clock: systemClock, log, publicUrl: () => 'http://localhost:7400' });
  const owner = await identity.createOwner({ name: 'Ada', email: 'a@b.org', password: 'correct horse battery' });
  for (const role of roles) {
    const input = { personId: owner.id, name: role, role, scopes: null, expiresAt: null };
    tokens.set(role, (await identity.createToken(input, system('test'))).text);
  }
  const reached = (): never => {
    throw new Fault('unprocessable', 'reached', { code: 'test.reached' });
  };
  app = await createHttpServer({
    database,
    log,
    gatekeeper: identity,
    contracts: contracts.map((contract) => {
      const handlers = Object.fromEntries(Object.keys(contract.operations).map((name) => [name, reached]));
      return { contract, handlers, handlersOn: () => handlers };
    }),
    intakes: [],
    version: '0.0.0',
  });
});
afterAll(async () => {
  await app?.close();
  await test?.close();
});

it('lets each role through to exactly the routes it may use', async () => {
  const wrong: string[] = [];
  let tried = 0;
  for (const { room, operations } of contracts) {
    for (const [name, operation] of Object.entries(operations)) {
      const url = `/api/v1${operation.path.replace(/:\w+/g, '01890000-0000-7000-8000-000000000000')}`;
      for (const who of ['nobody', ...roles] as const) {
        const headers = who === 'nobody' ? {} : { authorization: `Bearer ${tokens.get(who)}` };
        const answer = await app.inject({ method: operation.method, url, headers });
        const { statusCode } = answer;
        const may =
          operation.role === 'public' || (who !== 'nobody' && roles.indexOf(who) >= roles.indexOf(operation.role));
        const refused = who === 'nobody' ? 401 : 403;
        tried += 1;
        // Whoever may is refused for the missing body or the made-up name at most (400, 404), or reaches the handler (422).
        const passed = [400, 422].includes(statusCode) || answer.json().code === 'http.no-such-name';
        const right = may ? passed : statusCode === refused;
        if (!right) wrong.push(`${room}.${name} as ${who}: ${statusCode}`);
      }
    }
  }
  expect(wrong).toEqual([]);
  expect(tried).toBeGreaterThan(400);
});
