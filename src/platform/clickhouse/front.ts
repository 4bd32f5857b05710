import { timingSafeEqual } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { gunzipSync, gzip } from 'node:zlib';
import { newId } from '../../kernel/ids.ts';
import type { Engine } from './engine.ts';
import { limits } from './limits.ts';
import { answerFormat, ClickHouseError, contentType, insertFromFile, readRequest, statusOf } from './protocol.ts';

const compress = promisify(gzip);

/** Answers ClickHouse's HTTP interface from the embedded engine. Rows of an insert go through a file in `scratch`. */
export function createFront(engine: Engine, options: { user: string; password: string; scratch: string }): Server {
  // Settings and parameter values travel in the address; ClickHouse itself takes 1 MB of it.
  const server = createServer({ maxHeaderSize: limits.addressBytes }, (request, response) => {
    handle(request, response).catch((error: unknown) => refuse(response, ClickHouseError.from(error)));
  });
  server.requestTimeout = 0;
  server.keepAliveTimeout = 60_000;
  return server;

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://localhost');
    if (url.pathname === '/ping') {
      response.end('Ok.\n');
      return;
    }
    authenticate(request, url.searchParams);
    const gone = new AbortController();
    response.once('close', () => {
      if (!response.writableFinished) gone.abort();
    });
    const asked = readRequest(url.searchParams, request.headers as Record<string, string | undefined>);
    const queryId = asked.queryId ?? newId();
    const file = join(options.scratch, newId());
    const compression = request.headers['content-encoding'] === 'gzip' ? 'gzip' : 'none';
    const insert = asked.query === '' ? undefined : insertFromFile(asked.query, file, compression);
    try {
      if (insert) await pipeline(bounded(request, limits.insertBytes), createWriteStream(file, { mode: 0o600 }));
      const query =
        insert ?? [asked.query, await readText(request, compression)].filter((part) => part !== '').join('\n');
      const answer = await engine.run({ ...asked, query }, gone.signal);
      const summary = {
        read_rows: String(answer.rowsRead),
        read_bytes: String(answer.bytesRead),
        elapsed_ns: String(Math.round(answer.elapsedSeconds * 1e9)),
      };
      const format = answerFormat(query, asked.format);
      response.setHeader('Content-Type', contentType(format));
      response.setHeader('X-ClickHouse-Format', format);
      response.setHeader('X-ClickHouse-Query-Id', queryId);
      response.setHeader('X-ClickHouse-Summary', JSON.stringify(summary));
      if (!asked.compress) {
        response.end(answer.bytes);
        return;
      }
      response.setHeader('Content-Encoding', 'gzip');
      response.end(await compress(answer.bytes, { level: 1 }));
    } catch (error) {
      response.setHeader('X-ClickHouse-Query-Id', queryId);
      throw error;
    } finally {
      if (insert) await rm(file, { force: true });
    }
  }

  function authenticate(request: IncomingMessage, query: URLSearchParams): void {
    const basic = /^Basic (.+)$/.exec(request.headers.authorization ?? '')?.[1];
    const given = basic
      ? Buffer.from(basic, 'base64').toString()
      : `${request.headers['x-clickhouse-user'] ?? query.get('user')}:${request.headers['x-clickhouse-key'] ?? query.get('password')}`;
    const wanted = Buffer.from(`${options.user}:${options.password}`);
    const offered = Buffer.from(given);
    if (offered.length !== wanted.length || !timingSafeEqual(offered, wanted)) {
      throw new ClickHouseError(516, 'AUTHENTICATION_FAILED', 'Authentication failed: password is incorrect');
    }
  }
}

async function* bounded(request: IncomingMessage, most: number): AsyncGenerator<Buffer> {
  let bytes = 0;
  for await (const chunk of request) {
    bytes += (chunk as Buffer).length;
    if (bytes > most) throw new ClickHouseError(307, 'TOO_MANY_BYTES', `The request is larger than ${most} bytes`);
    yield chunk as Buffer;
  }
}

async function readText(request: IncomingMessage, compression: 'gzip' | 'none'): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of bounded(request, limits.queryBytes)) chunks.push(chunk);
  const body = Buffer.concat(chunks);
  if (compression === 'none' || body.length === 0) return body.toString();
  return gunzipSync(body, { maxOutputLength: limits.queryBytes }).toString();
}

function refuse(response: ServerResponse, error: ClickHouseError): void {
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  response.statusCode = statusOf(error.code);
  response.setHeader('Content-Type', 'text/plain; charset=UTF-8');
  response.setHeader('X-ClickHouse-Exception-Code', String(error.code));
  // The rest of a body we did not read would be taken for the next request.
  response.setHeader('Connection', 'close');
  response.end(`${error.message}\n`);
}
