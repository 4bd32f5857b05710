import type { FastifyRequest } from 'fastify';
import { Fault } from '../../kernel/faults.ts';

/**
 * The project whose ingest key a request shows: as bearer token, as `api-key` or `x-millrace-key`, or as the password of basic
 * authentication, whatever the user is called (what many agents can be told). Throws `unauthenticated`.
 */
export async function ingestKeyOf(
  request: FastifyRequest,
  keys: { projectOfKey(key: string): Promise<string | undefined> },
): Promise<string> {
  const key = shownKey(request);
  if (key === undefined) {
    throw new Fault('unauthenticated', 'No ingest key was shown', {
      code: 'http.ingest-key',
      hint: 'Send the ingest key of a project as bearer token, or as the password of basic authentication.',
    });
  }
  const projectId = await keys.projectOfKey(key);
  if (projectId) return projectId;
  throw new Fault('unauthenticated', 'This ingest key is unknown or revoked', { code: 'http.ingest-key' });
}

function shownKey(request: FastifyRequest): string | undefined {
  const { authorization = '' } = request.headers;
  const bearer = /^bearer\s+(\S+)$/i.exec(authorization)?.[1];
  if (bearer) return bearer;
  const basic = /^basic\s+(\S+)$/i.exec(authorization)?.[1];
  if (basic) return Buffer.from(basic, 'base64').toString('utf8').split(':').slice(1).join(':') || undefined;
  const header = request.headers['api-key'] ?? request.headers['x-millrace-key'];
  return typeof header === 'string' ? header : undefined;
}
