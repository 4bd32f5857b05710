import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { signatureOf, webhookNotifier } from './notifier.ts';

let server: Server;
let url: string;
let status = 200;
let received: { headers: IncomingHttpHeaders; body: string }[] = [];
beforeAll(async () => {
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      received.push({ headers: request.headers, body });
      response.statusCode = status;
      if (status === 302) response.setHeader('location', 'http://169.254.169.254/');
      response.end('thanks');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
});
afterAll(() => void server.close());
beforeEach(() => {
  received = [];
  status = 200;
});

const send = (to: string, more: object = {}) =>
  webhookNotifier().send(
    { kind: 'webhook', secret: null, allowPrivateTargets: true, ...more },
    { id: 'one', to, subject: 'Subject', text: 'Text', html: null, payload: { event: 'a.b' }, at: 1e12 },
    AbortSignal.timeout(20_000),
  );

test('posts JSON whose signature the receiver can check', async () => {
  expect(await send(url, { secret: 'a long secret text' })).toEqual({ delivered: true, detail: 'HTTP 200: thanks' });
  const [{ headers, body }] = received as [(typeof received)[0]];
  expect(JSON.parse(body)).toEqual({
    id: 'one',
    subject: 'Subject',
    text: 'Text',
    at: '2001-09-09T01:46:40.000Z',
    event: 'a.b',
  });
  expect(headers['millrace-delivery']).toBe('one');
  const seconds = Number(/^t=(\d+),/.exec(String(headers['millrace-signature']))?.[1]);
  expect(Math.abs(Date.now() / 1000 - seconds)).toBeLessThan(10);
  expect(headers['millrace-signature']).toBe(signatureOf('a long secret text', seconds, body));
});

test('never calls a private address that was not allowed, by number or by name', async () => {
  const { port } = server.address() as AddressInfo;
  for (const host of ['127.0.0.1', 'localhost', '[::1]', '[::ffff:127.0.0.1]', '2130706433', '0']) {
    expect(await send(`http://${host}:${port}/`, { allowPrivateTargets: false })).toMatchObject({
      delivered: false,
      permanent: true,
      detail: expect.stringContaining('private address'),
    });
  }
  expect(received).toEqual([]);
});

test('does not follow redirects; tells final refusals from passing ones', async () => {
  const outcomes: Record<number, unknown> = {};
  for (status of [302, 404, 410, 429, 500, 503]) {
    const outcome = await send(url);
    outcomes[status] = outcome.delivered ? 'delivered' : outcome.permanent;
  }
  expect(outcomes).toEqual({ 302: true, 404: true, 410: true, 429: false, 500: false, 503: false });
  expect(await send('http://127.0.0.1:1/')).toMatchObject({ delivered: false, permanent: false });
});
