import { once } from 'node:events';
import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, get } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { temporaryDirectory } from '../../../test/harness/millrace.ts';
import { systemClock } from '../../kernel/clock.ts';
import { openCertificate } from './certificate.ts';

const year = 366 * 86_400_000;
const at = (ms: number) => ({ now: () => systemClock.now() + ms });

let directory: string;
beforeEach(async () => {
  directory = await temporaryDirectory();
});
afterEach(() => rm(directory, { recursive: true, force: true }));

it('is trusted by whoever trusts the authority, for its hosts only', async () => {
  const server = createServer(
    await openCertificate(directory, ['localhost', '127.0.0.1'], systemClock),
    (_request, response) => response.end('hello'),
  );
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const ca = await readFile(join(directory, 'ca.pem'), 'utf8');
  const ask = (options: { ca?: string; servername?: string }): Promise<number | string> =>
    new Promise((resolve) => {
      get({ host: '127.0.0.1', port, agent: false, ...options }, (answer) => resolve(answer.resume().statusCode!)).on(
        'error',
        (error: NodeJS.ErrnoException) => resolve(error.code!),
      );
    });
  try {
    expect(await ask({ ca })).toBe(200);
    expect(await ask({ ca, servername: 'localhost' })).toBe(200);
    expect(await ask({ ca, servername: 'elsewhere.example' })).toBe('ERR_TLS_CERT_ALTNAME_INVALID');
    expect(await ask({})).toMatch(/UNABLE_TO|SELF_SIGNED/);
  } finally {
    server.close();
    server.closeAllConnections();
  }
});

it('is kept, and made anew by the same authority when it runs out, a host is new, or it was spoilt', async () => {
  const hosts = ['localhost'];
  const first = await openCertificate(directory, hosts, systemClock);
  const authority = await readFile(join(directory, 'ca.pem'), 'utf8');
  expect(await openCertificate(directory, hosts, systemClock)).toEqual(first);
  const later = await openCertificate(directory, hosts, at(year));
  expect(later.cert).not.toBe(first.cert);
  const more = await openCertificate(directory, ['localhost', 'build.example'], systemClock);
  expect(more.cert).not.toBe(later.cert);
  await writeFile(join(directory, 'server.pem'), 'nonsense');
  expect((await openCertificate(directory, hosts, systemClock)).cert).toContain('BEGIN CERTIFICATE');
  expect(await readFile(join(directory, 'ca.pem'), 'utf8')).toBe(authority);
  for (const name of ['ca.key', 'server.key']) expect((await stat(join(directory, name))).mode & 0o077).toBe(0);
});
