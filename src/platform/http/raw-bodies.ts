import type { FastifyInstance } from 'fastify';
import { Fault } from '../../kernel/faults.ts';

/** In this scope bodies of every content type come as the bytes they are, up to so many. */
export function takeRawBodies(scope: FastifyInstance, mostBytes: number): void {
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: mostBytes }, (_request, body, done) =>
    done(null, body),
  );
}

/** Throws an `invalid` Fault for what is not JSON. */
export function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch (cause) {
    throw new Fault('invalid', 'The body is not JSON', { code: 'http.json', cause });
  }
}
