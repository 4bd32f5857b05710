import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import type { Clock } from '../kernel/clock.ts';
import { Fault } from '../kernel/faults.ts';
import { type Certificate, openCertificate } from '../platform/http/certificate.ts';
import { refuseConnection } from '../platform/http/problem.ts';
import type { Settings } from './settings.ts';

/** The certificate that the settings name, or one of the installation's own in `<data>/tls`. */
export async function certificateOf(settings: Settings, dataDir: string, clock: Clock): Promise<Certificate> {
  const { tlsCertificate, tlsKey } = settings;
  if (tlsCertificate && tlsKey) {
    const read = async (path: string, variable: string): Promise<string> => {
      try {
        return await readFile(path, 'utf8');
      } catch (cause) {
        throw new Fault('invalid', `${variable} cannot be read: ${path}`, {
          code: 'app.certificate',
          hint: 'It names a file in PEM that the server may read.',
          cause,
        });
      }
    };
    return {
      cert: await read(tlsCertificate, 'MILLRACE_TLS_CERT'),
      key: await read(tlsKey, 'MILLRACE_TLS_KEY'),
    };
  }
  const named = settings.publicUrl === undefined ? [] : [new URL(settings.publicUrl).hostname];
  const hosts = [...new Set([...named, 'localhost', '127.0.0.1', hostname()])].map((host) =>
    host.replace(/^\[|\]$/g, ''),
  );
  return openCertificate(join(dataDir, 'tls'), hosts, clock);
}

/** Serves the same application over TLS. The caller listens and closes. */
export function createTlsServer(app: FastifyInstance, certificate: Certificate, stallMs: number): Server {
  const server = createServer(
    {
      ...certificate,
      headersTimeout: stallMs,
      requestTimeout: 0,
      connectionsCheckingInterval: Math.min(5000, stallMs / 4),
    },
    (request, response) => app.routing(request, response),
  );
  server.on('clientError', refuseConnection);
  return server;
}

/** Ends the listener and every connection. */
export async function closeTlsServer(server: Server): Promise<void> {
  if (!server.listening) return;
  server.close();
  server.closeAllConnections();
  await once(server, 'close');
}
