import type { FastifyReply, FastifyRequest } from 'fastify';

/** Where the caller sees this server. */
export const originOf = (request: FastifyRequest): string => `${request.protocol}://${request.host}`;

export type Query = Record<string, string | string[] | undefined>;

/** The first value of a query parameter. */
export function one(request: FastifyRequest, name: string): string | undefined {
  const value = (request.query as Query)[name];
  return Array.isArray(value) ? value[0] : value;
}

/** Every value of a query parameter. */
export function many(request: FastifyRequest, name: string): string[] {
  const value = (request.query as Query)[name];
  return value === undefined ? [] : Array.isArray(value) ? value : [value];
}

/** What page is asked for: `cursor` of the Link header before, `per_page` or `limit` up to 100. */
export function pageOf(request: FastifyRequest): { limit: number; cursor?: string | undefined } {
  const asked = Number(one(request, 'per_page') ?? one(request, 'limit') ?? 100);
  const limit = Number.isInteger(asked) && asked > 0 ? Math.min(100, asked) : 100;
  return { limit, cursor: one(request, 'cursor') || undefined };
}

/** Says in the Link header how to go on, as clients of this API look for it. */
export function withLinks<Body>(request: FastifyRequest, reply: FastifyReply, next: string | null, body: Body): Body {
  const link = (rel: string, cursor: string | null): string => {
    const url = new URL(request.url, originOf(request));
    url.searchParams.set('cursor', cursor ?? '');
    return `<${url.href}>; rel="${rel}"; results="${cursor !== null}"; cursor="${cursor ?? ''}"`;
  };
  void reply.header('link', `${link('previous', null)}, ${link('next', next)}`);
  return body;
}
