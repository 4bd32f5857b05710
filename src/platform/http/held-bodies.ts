import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Fault } from '../../kernel/faults.ts';

export interface HeldBodyLimits {
  /** Of request bodies that one listener holds in memory at a time, whoever sends them. */
  totalBytes: number;
  /** Of a refused body, read past so that its sender gets to read why. */
  afterRefusalBytes: number;
}

export const heldBodyLimits: HeldBodyLimits = {
  totalBytes: 256 * 1024 * 1024,
  afterRefusalBytes: 64 * 1024 * 1024,
};

/**
 * Bounds the sum of the bodies that are held in memory until they are whole. Each has a limit of its own already, but clients
 * that stall shortly before the end would add up, and none of them has to show who it is before that. One over the bound is
 * answered 503 and asked to come back; the bytes of a request count until it is answered. For scopes in which Fastify reads
 * the bodies: a listener for what streams through would take its brakes away.
 */
export function createHeldBodies(limits: HeldBodyLimits = heldBodyLimits): (scope: FastifyInstance) => void {
  let used = 0;
  const refused = new WeakSet<FastifyRequest>();

  const refuse = (request: FastifyRequest): void => {
    const body = request.raw;
    refused.add(request);
    let passed = 0;
    body.on('data', (chunk: Buffer) => {
      passed += chunk.length;
      if (passed > limits.afterRefusalBytes) body.destroy();
    });
    const busy = new Fault('unavailable', 'Too much is being received at this moment', {
      code: 'http.busy',
      hint: 'Send it again a little later.',
      retryAfter: 5,
    });
    // Whoever reads the body stops, and answers so.
    if (body.listenerCount('error') > 0) body.emit('error', busy);
  };

  const count = (request: FastifyRequest, reply: FastifyReply): void => {
    let held = 0;
    const onData = (chunk: Buffer): void => {
      held += chunk.length;
      used += chunk.length;
      if (used <= limits.totalBytes) return;
      request.raw.off('data', onData);
      refuse(request);
    };
    request.raw.on('data', onData);
    reply.raw.once('close', () => {
      request.raw.off('data', onData);
      used -= held;
    });
  };

  return (scope) => {
    scope.addHook('preParsing', (request, reply, payload, done) => {
      if (request.method !== 'GET' && request.method !== 'HEAD') count(request, reply);
      done(null, payload);
    });
    scope.addHook('onSend', (request, reply, payload, done) => {
      // Closing a connection on which more is coming would take the answer away from its reader.
      if (refused.has(request)) reply.removeHeader('connection');
      done(null, payload);
    });
  };
}
