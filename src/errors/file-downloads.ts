import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { Fault } from '../kernel/faults.ts';
import type { HttpIntake } from '../platform/http/contract.ts';
import type { Database } from '../platform/postgres/database.ts';
import { readFile } from './read-items.ts';

const byId = z.object({ id: z.uuid() });

/** Downloads of what came with events, for whoever may read the API. Never shown in place: they are what strangers sent. */
export function fileDownloads(database: Database): HttpIntake {
  return {
    name: 'errors-files',
    authentication: 'the same as the API: session or token, any role',
    reachableByServices: false,
    register(scope) {
      scope.addHook('onRequest', async (request) => requireReader(request));
      scope.get('/api/v1/errors/files/:id/content', (request, reply) => download(database, request, reply));
    },
  };
}

function requireReader({ principal }: FastifyRequest): void {
  if (!principal) throw new Fault('unauthenticated', 'Sign in or send a token', { code: 'errors.unauthenticated' });
  const allowed = principal.scopes === null || principal.scopes.some((scope) => /^errors(:read)?$/.test(scope));
  if (!allowed) throw new Fault('forbidden', 'This token is not for errors', { code: 'errors.scope' });
}

async function download(database: Database, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { id } = byId.parse(request.params);
  const file = await readFile(database, id);
  if (!file) throw new Fault('missing', `There is no file ${id}`, { code: 'errors.file-not-found' });
  const name = file.name.replace(/[^\w.-]+/g, '_').slice(-100) || 'file';
  return reply
    .header('content-type', 'application/octet-stream')
    .header('content-disposition', `attachment; filename="${name}"`)
    .header('x-content-type-options', 'nosniff')
    .header('content-security-policy', "default-src 'none'; sandbox")
    .send(file.body);
}
