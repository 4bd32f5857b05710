import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { brotliCompress, gzip } from 'node:zlib';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ErrorReception } from '../../errors/port.ts';
import type { Clock } from '../../kernel/clock.ts';
import { Fault } from '../../kernel/faults.ts';
import type { HttpIntake } from '../../platform/http/contract.ts';
import { projectOfShownKey } from '../../platform/http/ingest-key.ts';
import { parseJson, takeRawBodies } from '../../platform/http/raw-bodies.ts';
import type { IngestKeys, Intake } from '../../telemetry/port.ts';
import { limits } from './limits.ts';
import { readPageEvents } from './read.ts';
import { visitorOf } from './visitor.ts';

export interface BrowserDependencies {
  telemetry: Intake;
  errors: Pick<ErrorReception, 'accept'>;
  keys: IngestKeys;
  clock: Clock;
  /** Where the built script is. */
  scriptFile: string;
}

/** Pages are of other origins; they show a public key and no cookie. */
const anyOrigin = { 'access-control-allow-origin': '*', 'cross-origin-resource-policy': 'cross-origin' };

/**
 * The script for pages, `GET /browser/millrace.js`, and where it sends: `POST /browser/v1/events?key=<ingest key>`, a body that needs no preflight.
 * Answers 204 once durable. What a browser sends that asks not to be tracked is dropped unread.
 */
export function createBrowserIntake(deps: BrowserDependencies): HttpIntake {
  return {
    name: 'browser',
    authentication: 'The ingest key of a project as `key` in the address; public, since pages carry it',
    // Visitors come from outside; services have no pages to load.
    reachableByServices: false,
    register(scope) {
      takeRawBodies(scope, limits.bodyBytes);
      const script = readOnce(deps.scriptFile);
      scope.get('/browser/millrace.js', async (request, reply) => {
        const { plain, br, gz } = await script();
        const accepts = String(request.headers['accept-encoding'] ?? '');
        const [body, encoding] = /\bbr\b/.test(accepts)
          ? [br, 'br']
          : /\bgzip\b/.test(accepts)
            ? [gz, 'gzip']
            : [plain];
        reply.headers({ ...anyOrigin, 'cache-control': 'public, max-age=3600', vary: 'accept-encoding' });
        if (encoding) reply.header('content-encoding', encoding);
        return reply.type('text/javascript; charset=utf-8').send(body);
      });
      scope.options('/browser/v1/events', (_request, reply) =>
        reply
          .headers({
            ...anyOrigin,
            'access-control-allow-methods': 'POST',
            'access-control-allow-headers': 'content-type',
          })
          .status(204)
          .send(),
      );
      scope.post('/browser/v1/events', { bodyLimit: limits.bodyBytes }, (request, reply) => take(request, reply, deps));
    },
  };
}

async function take(request: FastifyRequest, reply: FastifyReply, deps: BrowserDependencies): Promise<FastifyReply> {
  reply.headers(anyOrigin);
  const { key } = request.query as { key?: unknown };
  const projectId = await projectOfShownKey({ 'api-key': typeof key === 'string' ? key : undefined }, deps.keys);
  if (request.headers.dnt === '1' || request.headers['sec-gpc'] === '1') return reply.status(204).send();
  const visitor = visitorOf(String(request.headers['user-agent'] ?? ''));
  const { records, errors, refused } = readPageEvents(parseJson(request.body as Buffer), {
    projectId,
    now: deps.clock.now(),
    visitor,
  });
  if (refused > 0)
    deps.telemetry.dropped(projectId, 'PageView', 'events of pages without a type, or too many', refused);
  if (records.length > 0) await deps.telemetry.write(records);
  if (errors.length > 0) await deps.errors.accept(errors);
  return reply.status(204).send();
}

interface Script {
  plain: Buffer;
  br: Buffer;
  gz: Buffer;
}

/** The script and its compressed forms, made when it is first asked for. */
function readOnce(path: string): () => Promise<Script> {
  let read: Promise<Script> | undefined;
  return () => {
    read ??= readFile(path)
      .then(async (plain) => ({ plain, br: await promisify(brotliCompress)(plain), gz: await promisify(gzip)(plain) }))
      .catch((cause: unknown) => {
        read = undefined;
        throw new Fault('missing', 'The script for pages was not built', {
          code: 'browser.no-script',
          hint: 'Run npm run build.',
          cause,
        });
      });
    return read;
  };
}
