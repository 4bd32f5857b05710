import { Fault } from '../../src/kernel/faults.ts';
import { newId } from '../../src/kernel/ids.ts';
import type { MountedContract } from '../../src/platform/http/contract.ts';
import { atLeast, type Role } from '../../src/platform/http/principal.ts';
import { createHttpServer } from '../../src/platform/http/server.ts';
import { openLog } from '../../src/platform/observe/log.ts';
import type { Database } from '../../src/platform/postgres/database.ts';

// Answers are checked against their schemas by the server; tests look at single fields.
type AnyBody = Record<string, unknown> & { items?: Record<string, unknown>[] };

export interface ApiAnswer<Body = AnyBody> {
  status: number;
  etag: string | undefined;
  body: Body;
}

/** Contracts behind a server that takes everybody for the same person. */
export interface Api {
  call<Body = AnyBody>(
    method: 'GET' | 'POST' | 'PUT' | 'DELETE',
    path: string,
    body?: object,
    headers?: Record<string, string>,
  ): Promise<ApiAnswer<Body>>;
  close(): Promise<void>;
}

/** Calls contracts through the real HTTP server, as somebody of the given role. Needs `idempotencyMigrations`. */
export async function callApi(database: Database, contracts: MountedContract[], role: Role): Promise<Api> {
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
    async call<Body = AnyBody>(
      method: 'GET' | 'POST' | 'PUT' | 'DELETE',
      path: string,
      body?: object,
      headers: Record<string, string> = {},
    ): Promise<ApiAnswer<Body>> {
      const response = await app.inject({
        method,
        url: `/api/v1${path}`,
        headers,
        ...(body === undefined ? {} : { payload: body }),
      });
      return {
        status: response.statusCode,
        etag: response.headers.etag as string | undefined,
        body: response.json<Body>(),
      };
    },
    close: () => app.close(),
  };
}
