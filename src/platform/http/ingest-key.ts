import type { FastifyRequest } from 'fastify';
import { Fault } from '../../kernel/faults.ts';

/**
 * The project whose ingest key a request shows: as bearer token, as `api-key` or `x-millrace-key`, or as the password of basic
 * authentication, whatever the user is called (what many agents can be told). Throws `unauthenticated`.
 */
export const ingestKeyOf = (request: FastifyRequest, keys: Keys): Promise<string> =>
  projectOfShownKey(request.headers, keys);

interface Keys {
  projectOfKey(key: string): Promise<string | undefined>;
}

/** The same for headers that came another way, under names in small letters. */
export async function projectOfShownKey(headers: Headers, keys: Keys): Promise<string> {
  const key = shownKey(headers);
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

type Headers = Record<string, string | string[] | undefined>;

function shownKey(headers: Headers): string | undefined {
  const authorization = String(headers.authorization ?? '');
  const bearer = /^bearer\s+(\S+)$/i.exec(authorization)?.[1];
  if (bearer) return bearer;
  const basic = /^basic\s+(\S+)$/i.exec(authorization)?.[1];
  if (basic) return Buffer.from(basic, 'base64').toString('utf8').split(':').slice(1).join(':') || undefined;
  const header = headers['api-key'] ?? headers['x-millrace-key'];
  return typeof header === 'string' ? header : undefined;
}
