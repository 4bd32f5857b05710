import { Fault } from '../../src/kernel/faults.ts';
import { newId } from '../../src/kernel/ids.ts';
import type { MountedContract } from '../../src/platform/http/contract.ts';
import { atLeast, type Role } from '../../src/platform/http/principal.ts';
import { createHttpServer } from '../../src/platform/http/server.ts';
import { openLog } from '../../src/platform/observe/log.ts';
import type { Database } from '../../src/platform/postgres/database.ts';

export interface ApiAnswer {
  status: number;
  etag: string | undefined;
  // Answers are checked against their schemas by the server; tests look at single fields.
  body: Record<string, unknown> & { items?: Record<string, unknown>[] };
}

/** Calls contracts through the real HTTP server, as somebody of the given role. Needs `idempotencyMigrations`. */
export async function callApi(database: Database, contracts: MountedContract[], role: Role) {
  const id = newId();
  const person = {
    kind: 'person' as const,
    id,
    personId: id,
    name: 'Ada',
    email: 'ada@example.org',
    role,
    scopes: null,
  };
  const app = await createHttpServer({
    database,
    log: openLog({ level: 'silent' }),
    gatekeeper: {
      authenticate: async () => person,
      authorize(principal, operation) {
        if (operation.role === 'public' || (principal && atLeast(principal.role, operation.role))) return;
        throw new Fault('forbidden', 'Not for this role', { code: 'test.role' });
      },
    },
    contracts,
    intakes: [],
    version: 'test',
  });
  return {
    async call(
      method: 'GET' | 'POST' | 'PUT' | 'DELETE',
      path: string,
      body?: object,
      headers: Record<string, string> = {},
    ) {
      const response = await app.inject({
        method,
        url: `/api/v1${path}`,
        headers,
        ...(body === undefined ? {} : { payload: body }),
      });
      const answer: ApiAnswer = {
        status: response.statusCode,
        etag: response.headers.etag as string | undefined,
        body: response.json(),
      };
      return answer;
    },
    close: () => app.close(),
  };
}
