import { execFile } from 'node:child_process';
import { type AddressInfo, connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import type { FastifyInstance } from 'fastify';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { launchBrowser } from '../../../test/harness/browser.ts';
import { serveBuiltPage } from '../../../test/harness/built-page.ts';
import { callOperation, type OperationInput } from '../../../test/harness/call-operation.ts';
import { eventually } from '../../../test/harness/errors-room.ts';
import { removeDirectory, temporaryDirectory } from '../../../test/harness/millrace.ts';
import { type TestDatabase, testDatabase } from '../../../test/harness/postgres.ts';
import type { ErrorRelease, EventDetail, IssueSummary } from '../../errors/api.ts';
import { createErrors, type Errors } from '../../errors/index.ts';
import { errorsMigrations } from '../../errors/migrations/index.ts';
import { systemClock } from '../../kernel/clock.ts';
import { newId } from '../../kernel/ids.ts';

import { createIntakeServer } from '../../platform/http/server.ts';
import { openLog } from '../../platform/observe/log.ts';
import type { TelemetryRecord } from '../../platform/observe/telemetry-sink.ts';
import { createSentryIntake } from './index.ts';

const run = promisify(execFile);
const fixture = (name: string): string =>
  fileURLToPath(new URL(`../../../test/fixtures/sentry/${name}`, import.meta.url));
const log = openLog({ level: 'error' });
const project = { id: newId(), slug: 'shop' };
const key = 'c0ffee'.repeat(5);

let store: TestDatabase;
let dataDir: string;
let room: Errors;
let server: FastifyInstance;
let port: number;
let told: TelemetryRecord[];
let stop: () => Promise<void>;

beforeEach(async () => {
  store = await testDatabase(errorsMigrations);
  dataDir = await temporaryDirectory();
  told = [];
  const telemetry = { write: async (records: TelemetryRecord[]) => void told.push(...records) };
  room = await createErrors({
    database: store.database,
    clock: systemClock,
    log,
    dataDir,
    telemetry,
    projects: {
      list: async () => [],
      projectByIngest: async (id) => (id === 12 ? { ...project, publicKey: key } : undefined),
      find: async () => project,
    },
    people: { nameOf: async () => undefined, byEmail: async () => undefined },
  });
  const abort = new AbortController();
  const loops = room.room.loops.map((loop) => loop.run(abort.signal));
  server = await createIntakeServer({
    log,
    intakes: [createSentryIntake({ reception: room.reception, telemetry, clock: systemClock, log })],
  });
  await server.listen({ host: '127.0.0.1', port: 0 });
  port = (server.server.address() as AddressInfo).port;
  stop = async () => {
    await server.close();
    abort.abort();
    await Promise.all(loops);
    await room.close();
  };
});
afterEach(async () => {
  await stop();
  await store.close();
  await removeDirectory(dataDir);
});

const call = <Result>(name: string, input?: OperationInput): Promise<Result> =>
  callOperation<Result>(room.room.contracts[0]!, name, input);

/** Waits until this many events are counted in all, then gives the issues. */
async function issuesOnce(count: number): Promise<IssueSummary[]> {
  for (let waited = 0; waited < 20_000; waited += 100) {
    const { items } = await call<{ items: IssueSummary[] }>('listIssues');
    if (items.reduce((sum, issue) => sum + issue.count, 0) >= count) return items;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`fewer than ${count} events came`);
}

async function latestOf(issue: IssueSummary): Promise<EventDetail> {
  const { items } = await call<{ items: { id: string }[] }>('listIssueEvents', { params: { issueId: issue.id } });
  return call<EventDetail>('getEvent', { params: { eventId: items[0]!.id } });
}

const outcomes = async (): Promise<{ category: string; outcome: string; reason: string; quantity: number }[]> => {
  await new Promise((resolve) => setTimeout(resolve, 1300));
  return (
    await call<{ items: { category: string; outcome: string; reason: string; quantity: number }[] }>('listOutcomes', {
      query: { project: 'shop' },
    })
  ).items;
};

const sdkEnvironment = (): NodeJS.ProcessEnv => ({
  PATH: process.env.PATH,
  SENTRY_DSN: `http://${key}@127.0.0.1:${port}/services/web/12`,
  SENTRY_RELEASE: 'r7-abcdef0',
  SENTRY_ENVIRONMENT: 'production',
});

const named = (type: string): TelemetryRecord[] => told.filter((record) => record.type === type);

test('@sentry/node: errors with their causes and steps, messages, spans, logs', async () => {
  await run(process.execPath, ['--import', '@sentry/node/import', fixture('node.mjs')], { env: sdkEnvironment() });
  const issues = await issuesOnce(2);
  const failed = issues.find((issue) => issue.type === 'Error')!;
  expect(failed).toMatchObject({
    title: 'Error: checkout failed',
    firstRelease: 'r7-abcdef0',
    environment: 'production',
    service: 'web',
    users: 1,
    handled: true,
  });
  expect(issues.find((issue) => issue !== failed)).toMatchObject({
    title: 'stock is low',
    type: null,
    level: 'warning',
  });
  const event = await latestOf(failed);
  expect(event.exceptions.map((exception) => exception.type)).toEqual(['Error', 'TypeError']);
  expect(event.exceptions[1]!.value).toContain("reading 'amount'");
  const frame = event.exceptions[1]!.frames.find((one) => one.inApp)!;
  expect(frame.file).toContain('node.mjs');
  expect(frame.source.find((line) => line.current)?.text).toContain('item.price.amount');
  expect(event.breadcrumbs.map((crumb) => crumb.message)).toContain('opened the cart');
  expect(event.tags).toContainEqual({ key: 'checkout', value: 'express' });
  expect(event.userDetails).toContainEqual({ key: 'email', value: 'jane@shop.example' });
  expect(JSON.stringify(event)).not.toContain('token=secret');
  const [transaction] = named('Transaction');
  expect(transaction?.attributes).toMatchObject({
    name: 'GET /checkout',
    service: 'web',
    release: 'r7-abcdef0',
    environment: 'production',
    error: true,
    kind: 'server',
    'http.response.status_code': 500,
  });
  expect(transaction?.attributes.traceId).toBe(event.traceId);
  expect(named('Span').length).toBeGreaterThanOrEqual(2);
  expect(named('Log')[0]?.attributes).toMatchObject({
    message: 'cart opened',
    level: 'info',
    items: 1,
    service: 'web',
  });
  expect(named('ErrorEvent').map((record) => record.attributes.firstSeenInRelease)).toEqual([true, true]);
  // All of it is accounted for, and nothing was refused.
  const counted = await outcomes();
  expect(counted.filter((one) => one.outcome !== 'accepted')).toEqual([]);
  expect(counted.map((one) => one.category)).toEqual(expect.arrayContaining(['session', 'feedback', 'attachment']));
  // The request that failed was a session with an error; the SDK tells of it by itself.
  const { items: releases } = await call<{ items: ErrorRelease[] }>('listReleases');
  expect(releases[0]).toMatchObject({
    release: 'r7-abcdef0',
    health: { crashed: 0, crashFreeSessions: 1, adoption: 1 },
  });
  expect(releases[0]!.health!.errored).toBeGreaterThanOrEqual(1);
  const withFile = await eventually('the file', async () => {
    const now = await latestOf(failed);
    return now.files.length > 0 && now;
  });
  expect(withFile.files).toMatchObject([{ kind: 'event.attachment', name: 'cart.json', size: 12 }]);
  const { items: feedback } = await call<{ items: object[] }>('listFeedback', { query: { issue: failed.id } });
  expect(feedback).toMatchObject([
    { message: 'the button does nothing', email: 'jane@shop.example', issueId: failed.id },
  ]);
});

test('@sentry/node without span streaming, twice: the same issue, and an uncaught exception', async () => {
  const env = { ...sdkEnvironment(), LIFECYCLE: 'static' };
  await run(process.execPath, ['--import', '@sentry/node/import', fixture('node.mjs')], { env });
  await run(process.execPath, ['--import', '@sentry/node/import', fixture('node.mjs')], {
    env: { ...env, CRASH: '1' },
  }).catch(() => {});
  const issues = await issuesOnce(5);
  expect(issues.map((issue) => [issue.title, issue.count, issue.handled]).sort()).toEqual([
    ['Error: checkout failed', 2, true],
    ['RangeError: nobody caught this', 1, false],
    ['stock is low', 2, true],
  ]);
  expect(named('Transaction').map((record) => record.attributes.name)).toContain('GET /checkout');
  expect(named('Transaction').find((record) => record.attributes.name === 'GET /checkout')?.attributes.error).toBe(
    true,
  );
});

test("Debian's python3-sentry-sdk in Django: one issue with source, variables and request, secrets taken out", async () => {
  await run('/usr/bin/python3', [fixture('django_app.py'), '3'], { env: sdkEnvironment() });
  const issues = await issuesOnce(4);
  expect(issues.map((issue) => [issue.title, issue.count]).sort()).toEqual([
    ["KeyError: 'percent'", 3],
    ['orders are waiting', 1],
  ]);
  const issue = issues.find((one) => one.type === 'KeyError')!;
  expect(issue).toMatchObject({
    culprit: '__main__.checkout',
    platform: 'python',
    handled: false,
    firstRelease: 'r7-abcdef0',
    service: 'web',
  });
  const event = await latestOf(issue);
  const frame = event.exceptions[0]!.frames[0]!;
  expect(frame).toMatchObject({ function: 'checkout', inApp: true });
  // The SDK says so of Django's frames as well.
  expect(event.exceptions[0]!.frames.filter((one) => one.inApp).map((one) => one.function)).toEqual(['checkout']);
  expect(frame.source.find((line) => line.current)?.text).toContain('["percent"]');
  expect(frame.variables.find((variable) => variable.name === 'order')?.value).toBe('2');
  expect(event.request).toMatchObject({ method: 'POST' });
  expect(event.request?.url).toContain('/checkout/2/');
  expect(event.breadcrumbs.at(-1)?.message).toBe('looked the discount up');
  expect(JSON.stringify(event)).not.toContain('hunter2');
  expect(named('Transaction').length).toBe(3);
  expect(named('Transaction')[0]?.attributes).toMatchObject({ error: true, service: 'web', release: 'r7-abcdef0' });
});

test('@sentry/browser in Chromium, from another origin', async () => {
  const dsn = `http://${key}@127.0.0.1:${port}/12`;
  const page = await serveBuiltPage(fixture('browser.js'), '<button>Add</button>', dsn);
  const browser = await launchBrowser();
  try {
    const tab = await browser.newPage();
    const refused: string[] = [];
    tab.on('requestfailed', (request) => refused.push(`${request.url()} ${request.failure()?.errorText}`));
    // Another origin than the intake's: the port differs.
    await tab.goto(page.url);
    await tab.click('button');
    await tab.evaluate('window.report()');
    const issues = await issuesOnce(2);
    expect(issues.map((issue) => issue.title).sort()).toEqual([
      'Error: reported by hand',
      'TypeError: price is undefined',
    ]);
    const thrown = issues.find((issue) => issue.type === 'TypeError')!;
    expect(thrown).toMatchObject({ handled: false, firstRelease: 'web@1.2.3', platform: 'javascript' });
    const event = await latestOf(thrown);
    expect(event.breadcrumbs.map((crumb) => crumb.category)).toEqual(expect.arrayContaining(['ui.click', 'console']));
    expect(event.request?.url).toContain('127.0.0.1');
    expect(refused).toEqual([]);
  } finally {
    await browser.close();
    page.close();
  }
});

/** Sends by hand; resolves to status, headers and JSON. */
async function post(path: string, body: string | Buffer, headers: Record<string, string> = {}) {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, { method: 'POST', body, headers });
  return {
    status: response.status,
    headers: response.headers,
    json: (await response.json()) as Record<string, unknown>,
  };
}
const id = (): string => newId().replaceAll('-', '');
const eventText = (message: string): string => JSON.stringify({ message });
const envelope = (message: string, header: object = {}): string =>
  `${JSON.stringify({ event_id: id(), ...header })}\n{"type":"event"}\n${eventText(message)}`;

test('takes every way of saying who it is for, every encoding, and refuses the rest', async () => {
  const query = `?sentry_key=${key}`;
  const auth = { 'x-sentry-auth': `Sentry sentry_version=7, sentry_key=${key}` };
  const dsn = { dsn: `http://${key}@127.0.0.1:${port}/12` };
  const good = [
    post(`/api/12/envelope/${query}`, envelope('a')),
    post(`/api/12/envelope${query}`, envelope('a'), { 'content-type': 'application/x-www-form-urlencoded' }),
    post('/api/12/envelope/', envelope('a'), auth),
    post('/api/12/envelope/', envelope('a'), { authorization: auth['x-sentry-auth'] }),
    post('/api/12/envelope/', envelope('a', dsn)),
    post('/api/12/envelope/', gzipSync(envelope('a', dsn)), { 'content-encoding': 'gzip' }),
    post('/api/12/envelope/', deflateSync(envelope('a', dsn)), { 'content-encoding': 'deflate' }),
    post('/api/12/envelope/', brotliCompressSync(envelope('a', dsn)), { 'content-encoding': 'br' }),
    post(`/api/12/store/${query}`, eventText('a'), { 'content-type': 'application/json' }),
    post(`/api/12/store${query}`, Buffer.from(deflateSync(eventText('a'))).toString('base64')),
    post(`/services/worker/api/12/store/${query}`, eventText('a')),
  ];
  for (const answer of await Promise.all(good)) {
    expect(answer.status).toBe(200);
    expect(answer.json.id).toMatch(/^[0-9a-f]{32}$/);
    expect(answer.headers.get('access-control-allow-origin')).toBe('*');
  }
  expect(await issuesOnce(good.length)).toMatchObject([{ title: 'a', count: good.length }]);
  const bad: [Promise<{ status: number; headers: Headers }>, number][] = [
    [post('/api/12/envelope/', envelope('b')), 403],
    [post('/api/12/envelope/?sentry_key=wrong', envelope('b')), 403],
    [post('/api/13/envelope/', envelope('b'), auth), 403],
    [post('/api/12/envelope/?sentry_key=other', envelope('b'), auth), 403],
    [post('/api/12/envelope/', envelope('b', { dsn: 'http://other@x/12' }), auth), 403],
    [post(`/api/12/envelope/${query}`, 'no envelope'), 400],
    [post(`/api/12/envelope/${query}`, 'not gzip', { 'content-encoding': 'gzip' }), 400],
    [post(`/api/12/store/${query}`, 'no json'), 400],
    [
      post(`/api/12/envelope/${query}`, gzipSync(Buffer.alloc(70 * 1024 * 1024), { level: 1 }), {
        'content-encoding': 'gzip',
      }),
      413,
    ],
  ];
  for (const [answer, status] of bad) {
    const { status: got, headers } = await answer;
    expect(got).toBe(status);
    expect(headers.get('x-sentry-error')).toBeTruthy();
  }
  const preflight = await fetch(`http://127.0.0.1:${port}/api/12/envelope/`, { method: 'OPTIONS' });
  expect(preflight.status).toBe(200);
  expect(preflight.headers.get('access-control-allow-headers')).toContain('x-sentry-auth');
});

test('counts an event id once, and what is not kept by its reason', async () => {
  const same = envelope('twice');
  await post(`/api/12/envelope/?sentry_key=${key}`, same);
  await post(`/api/12/envelope/?sentry_key=${key}`, same);
  const mixed = `{}\n${[
    ['client_report', { discarded_events: [{ reason: 'ratelimit_backoff', category: 'error', quantity: 5 }] }],
    ['check_in', {}],
    ['made_up', {}],
    ['log', { items: [{ body: 'x', level: 'info' }, 7] }],
    ['event', { extra: 'x'.repeat(1_100_000) }],
  ]
    .map(([type, payload]) => `${JSON.stringify({ type })}\n${JSON.stringify(payload)}`)
    .join('\n')}`;
  expect((await post(`/api/12/envelope/?sentry_key=${key}`, mixed)).status).toBe(200);
  await issuesOnce(1);
  const counted = (await outcomes()).map((one) => `${one.category} ${one.outcome} ${one.reason} ${one.quantity}`);
  expect(counted).toEqual(
    expect.arrayContaining([
      'error accepted  1',
      'error duplicate event_id 1',
      'error client_discard ratelimit_backoff 5',
      'error invalid too_large 1',
      'monitor invalid unreadable 1',
      'made_up unsupported made_up 1',
      'log_item accepted  1',
      'log_item invalid unreadable 1',
    ]),
  );
});

test('a client that stalls in the middle of its body keeps nobody waiting, and a body without end is cut off', async () => {
  const socket = connect(port, '127.0.0.1');
  socket.write(
    `POST /api/12/envelope/?sentry_key=${key} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n10\r\nhalf`,
  );
  expect((await post(`/api/12/envelope/?sentry_key=${key}`, envelope('meanwhile'))).status).toBe(200);
  socket.destroy();
  const endless = connect(port, '127.0.0.1');
  endless.on('error', () => {});
  endless.write(`POST /api/12/envelope/?sentry_key=${key} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n`);
  const answer = new Promise<string>((resolve) => endless.once('data', (data) => resolve(data.toString())));
  const chunk = Buffer.concat([Buffer.from('100000\r\n'), Buffer.alloc(0x100000), Buffer.from('\r\n')]);
  const cut = new Promise<void>((resolve) => endless.once('close', () => resolve()));
  const write = (): void => {
    if (endless.writable) endless.write(chunk, () => setImmediate(write));
  };
  write();
  expect(await answer).toContain('413');
  await cut;
});

test('security reports, minidumps, late files, check-ins and the report dialog by plain HTTP', async () => {
  const at = (path: string, init?: RequestInit): Promise<Response> => fetch(`http://127.0.0.1:${port}${path}`, init);
  const report = { 'csp-report': { 'effective-directive': 'script-src', 'blocked-uri': 'https://evil.example/x.js' } };
  const csp = await at(`/api/12/security/?sentry_key=${key}&sentry_release=r9`, {
    method: 'POST',
    body: JSON.stringify(report),
  });
  expect(csp.status).toBe(200);
  const crash = new FormData();
  crash.set('upload_file_minidump', new Blob(['MDMP....']), 'crash.dmp');
  crash.set('sentry', JSON.stringify({ event_id: 'e'.repeat(32), release: 'r9' }));
  expect((await at(`/api/12/minidump/?sentry_key=${key}`, { method: 'POST', body: crash })).status).toBe(200);
  const late = new FormData();
  late.set('log', new Blob(['hello']), 'app.log');
  const attached = await at(`/api/12/events/${'e'.repeat(32)}/attachments/?sentry_key=${key}`, {
    method: 'POST',
    body: late,
  });
  expect(attached.status).toBe(200);
  expect((await at(`/api/12/cron/backup/${key}?status=ok`)).status).toBe(200);
  expect((await at(`/api/12/cron/backup/${'0'.repeat(32)}?status=ok`)).status).toBe(403);
  const dialog = `/api/embed/error-page/?eventId=${'e'.repeat(32)}&dsn=${encodeURIComponent(`http://${key}@127.0.0.1:${port}/12`)}`;
  expect(await (await at(dialog)).text()).toContain('document.currentScript');
  const words = new URLSearchParams({ name: 'Jane', email: 'a@b.example', comments: 'it went dark' });
  expect((await at(dialog, { method: 'POST', body: words })).status).toBe(200);

  const issues = await issuesOnce(2);
  expect(issues.map(({ title }) => title).sort()).toEqual([
    "Blocked 'script' from 'evil.example'",
    'Minidump: Fatal error',
  ]);
  // Files may be stored a moment after their event.
  const eventOf = () => call<EventDetail>('getEvent', { params: { eventId: 'e'.repeat(32) } });
  const event = await eventually('both files', async () => (await eventOf()).files.length === 2 && eventOf());
  expect(event).toMatchObject({ release: 'r9', level: 'fatal' });
  expect(event.files.map(({ kind, name }) => [kind, name]).sort()).toEqual([
    ['event.attachment', 'app.log'],
    ['event.minidump', 'crash.dmp'],
  ]);
  await eventually('feedback', async () => (await call<{ items: object[] }>('listFeedback')).items.length > 0);
  expect(await call('listFeedback')).toMatchObject({ items: [{ message: 'it went dark', issueId: event.issueId }] });
});
