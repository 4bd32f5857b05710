import type { AddressInfo } from 'node:net';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { afterEach, expect, test } from 'vitest';
import type { ChannelSettings } from '../../alerts/port.ts';
import { mailNotifier } from './notifier.ts';

const servers: SMTPServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await new Promise<void>((resolve) => server.close(() => resolve()));
});

/** A real SMTP server on a free port; resolves to what it received. */
async function receive(options: SMTPServerOptions = {}): Promise<{ port: number; mails: string[] }> {
  const mails: string[] = [];
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData(stream, _session, callback) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        mails.push(Buffer.concat(chunks).toString());
        callback();
      });
    },
    ...options,
  });
  server.on('error', () => {});
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { port: (server.server.address() as AddressInfo).port, mails };
}
const settings = (port: number, more: object = {}): ChannelSettings => ({
  kind: 'mail',
  host: '127.0.0.1',
  port,
  tls: 'opportunistic',
  from: 'Millrace <millrace@example.org>',
  username: null,
  password: null,
  ...more,
});
const message = {
  id: 'one',
  to: 'ada@example.org',
  subject: 'Run 7 failed',
  text: 'See é',
  html: '<p>See é</p>',
  payload: {},
  at: 1e12,
};
const send = (channel: ChannelSettings) => mailNotifier().send(channel, message, AbortSignal.timeout(20_000));

test('a mail arrives with its text, its rich form, and an id that stays', async () => {
  const { port, mails } = await receive();
  expect(await send(settings(port))).toMatchObject({ delivered: true });
  await send(settings(port));
  expect(mails[0]).toMatch(/^Subject: Run 7 failed\r$/m);
  expect(mails[0]).toMatch(/^To: ada@example.org\r$/m);
  expect(mails[0]).toContain('multipart/alternative');
  for (const mail of mails) expect(mail).toMatch(/^Message-ID: <one@millrace.invalid>\r$/m);
});

test('signs in, and says when it may not', async () => {
  const { port, mails } = await receive({
    authOptional: false,
    allowInsecureAuth: true,
    onAuth(auth, _session, callback) {
      if (auth.username === 'millrace' && auth.password === 'right') callback(null, { user: 'millrace' });
      else callback(new Error('Invalid username or password'));
    },
  });
  expect(await send(settings(port, { username: 'millrace', password: 'right' }))).toMatchObject({ delivered: true });
  expect(await send(settings(port, { username: 'millrace', password: 'wrong' }))).toMatchObject({
    delivered: false,
    permanent: false,
    detail: expect.stringContaining('Invalid username or password'),
  });
  expect(mails).toHaveLength(1);
});

test('a refused address is final, a server that is away is not', async () => {
  const { port } = await receive({
    onRcptTo: (_address, _session, callback) =>
      callback(Object.assign(new Error('No such person'), { responseCode: 550 })),
  });
  expect(await send(settings(port))).toMatchObject({ delivered: false, permanent: true });
  expect(await send(settings(1))).toMatchObject({ delivered: false, permanent: false });
});

test('never falls back to plain text where encryption is required', async () => {
  const { port, mails } = await receive();
  expect(await send(settings(port, { tls: 'starttls' }))).toMatchObject({ delivered: false });
  expect(mails).toEqual([]);
});
