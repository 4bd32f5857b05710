import type { AddressInfo } from 'node:net';
import fastify from 'fastify';
import type { Actor } from '../../src/kernel/events.ts';
import type { HttpIntake } from '../../src/platform/http/contract.ts';

/** The intakes of Sentry's protocol on a port of their own. Tokens `dev` and `look` are a developer's and a viewer's. */
export interface SentryServer {
  origin: string;
  call(
    method: string,
    path: string,
    body?: object,
    token?: string,
  ): Promise<{ status: number; link: string | null; json: unknown }>;
  close(): Promise<void>;
}

export async function serveSentry(intakes: HttpIntake[], person: Actor): Promise<SentryServer> {
  const server = fastify({ routerOptions: { ignoreTrailingSlash: true } });
  server.decorateRequest('principal', null);
  server.addHook('onRequest', async (request) => {
    const role = { 'Bearer dev': 'developer', 'Bearer look': 'viewer' }[request.headers.authorization ?? ''];
    const known = { kind: 'token', id: 't', personId: person.id, name: 'ci', email: 'ci@shop.example', scopes: null };
    request.principal = role ? ({ ...known, role } as typeof request.principal) : null;
  });
  for (const intake of intakes) {
    await server.register(async (scope) => {
      await intake.register(scope);
    });
  }
  await server.listen({ host: '127.0.0.1', port: 0 });
  const origin = `http://127.0.0.1:${(server.server.address() as AddressInfo).port}`;
  return {
    origin,
    async call(method, path, body, token = 'dev') {
      const answer = await fetch(`${origin}${path}`, {
        method,
        headers: { authorization: `Bearer ${token}`, ...(body ? { 'content-type': 'application/json' } : {}) },
        ...(body ? { body: JSON.stringify(body) } : {}),
      });
      const text = await answer.text();
      return { status: answer.status, link: answer.headers.get('link'), json: JSON.parse(text || 'null') };
    },
    close: () => server.close(),
  };
}
