import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { SMTPServer } from 'smtp-server';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { type TestDatabase, testDatabase } from '../../test/harness/postgres.ts';
import { mailNotifier } from '../integrations/mail/notifier.ts';
import { webhookNotifier } from '../integrations/webhook/notifier.ts';
import { systemClock } from '../kernel/clock.ts';
import { system } from '../kernel/events.ts';
import { Fault } from '../kernel/faults.ts';
import { newId } from '../kernel/ids.ts';
import { openKeyring } from '../platform/crypto/keyring.ts';
import { readEventsBefore } from '../platform/events/log.ts';
import { jobMigrations } from '../platform/jobs/queue.ts';
import { openLog } from '../platform/observe/log.ts';
import { sql } from '../platform/postgres/sql.ts';
import { type ChannelInput, channelInput, conditionSettings } from './api.ts';
import { acknowledgeIncident, createCondition, putChannel, removeCondition } from './change.ts';
import { type AlertsDeps, createAlerts } from './index.ts';
import { alertMigrations } from './migrations/index.ts';
import { secretPlace, sendNow } from './notify.ts';
import { listIncidents } from './store-conditions.ts';
import { listDeliveries, readChannel } from './store-deliveries.ts';

let store: TestDatabase;
let directory: string;
let deps: AlertsDeps;
let smtp: SMTPServer;
let hook: Server;
let hookStatus: number;
const mails: string[] = [];
const calls: { id: string; event?: string; subject: string }[] = [];
/** What the query answers; the evaluator is another room's and has tests of its own. */
let answer: { facet: string | null; value: number | null }[] | Fault;
const actor = system('test');

beforeAll(async () => {
  store = await testDatabase([...jobMigrations, ...alertMigrations]);
  directory = await mkdtemp(join(tmpdir(), 'millrace-alerts-test-'));
  smtp = new SMTPServer({
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
  });
  smtp.on('error', () => {});
  await new Promise<void>((resolve) => smtp.listen(0, '127.0.0.1', resolve));
  hook = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      calls.push(JSON.parse(body));
      response.statusCode = hookStatus;
      response.end();
    });
  });
  await new Promise<void>((resolve) => hook.listen(0, '127.0.0.1', resolve));
  deps = {
    database: store.database,
    clock: systemClock,
    log: openLog({ level: 'silent' }),
    keyring: await openKeyring({ directory: join(directory, 'keys') }),
    owner: 'test',
    publicUrl: () => 'https://millrace.test',
    evaluator: {
      evaluate: async () => {
        if (answer instanceof Fault) throw answer;
        return answer;
      },
    },
    notifiers: [mailNotifier(), webhookNotifier()],
    projects: { find: async () => undefined },
  };
});
afterAll(async () => {
  await new Promise<void>((resolve) => smtp.close(() => resolve()));
  hook.close();
  await store.close();
  await rm(directory, { recursive: true, force: true });
});
beforeEach(async () => {
  mails.length = 0;
  calls.length = 0;
  hookStatus = 200;
  answer = [];
  await store.database.execute(
    sql`truncate alerts_channels, alerts_deliveries, alerts_conditions, alerts_incidents, platform_jobs`,
  );
});
const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

function start(): ReturnType<typeof createAlerts> {
  const alerts = createAlerts(deps);
  const abort = new AbortController();
  const done = Promise.all(alerts.room.loops.map((loop) => loop.run(abort.signal)));
  stops.push(async () => {
    abort.abort();
    await done;
  });
  return alerts;
}
async function eventually<T>(read: () => Promise<T> | T, check: (value: T) => boolean): Promise<T> {
  for (let waited = 0; waited < 15_000; waited += 30) {
    const value = await read();
    if (check(value)) return value;
    await sleep(30);
  }
  throw new Error('never happened');
}
const channel = (input: object, more: object = {}): Promise<{ id: string }> =>
  putChannel(
    deps,
    undefined,
    channelInput.parse({ name: 'c', isDefault: true, settings: input, ...more }),
    undefined,
    actor,
  );
const mailChannel = (more: object = {}) => {
  const { port } = smtp.server.address() as AddressInfo;
  return channel({ kind: 'mail', host: '127.0.0.1', port, tls: 'opportunistic', from: 'm@example.org', ...more });
};
const hookUrl = () => `http://127.0.0.1:${(hook.address() as AddressInfo).port}/`;
const hookChannel = () => channel({ kind: 'webhook', url: hookUrl(), allowPrivateTargets: true });
const deliveries = async () => (await listDeliveries(store.database, {}, { limit: 50 })).rows;
const note = (more: object = {}) => ({
  key: 'run-7/ada',
  kind: 'mail' as const,
  to: 'ada@example.org',
  subject: 'Run 7 failed',
  text: 'See the log',
  causes: [newId()],
  projectId: null,
  ...more,
});

test('a message to a person reaches the mail server once, whoever asks how often', async () => {
  await mailChannel();
  const alerts = start();
  start();
  expect(await alerts.notify(note())).toHaveLength(1);
  expect(await alerts.notify(note())).toEqual([]);
  const [delivery] = await eventually(deliveries, ([one]) => one?.state === 'sent');
  await sleep(200);
  expect(mails).toHaveLength(1);
  expect(mails[0]).toContain('Subject: Run 7 failed');
  const [event] = await readEventsBefore(store.database, undefined, { subject: `notification:${delivery!.id}` });
  expect(event).toMatchObject({ type: 'alerts.notification.sent', causes: delivery!.causes });
});

test('a message of a transaction that fails is never sent', async () => {
  await mailChannel();
  const alerts = start();
  await store.database
    .transaction(async (tx) => {
      await alerts.notify(note(), tx);
      throw new Error('no');
    })
    .catch(() => {});
  await sleep(300);
  expect([mails, await deliveries()]).toEqual([[], []]);
});

test('a receiver that is away gets it later, one that refuses is told of as failed', async () => {
  await hookChannel();
  const alerts = start();
  hookStatus = 503;
  await alerts.notify(note({ kind: 'webhook', to: null, payload: { event: 'pipelines.run.failed' } }));
  const [waiting] = await eventually(deliveries, ([one]) => one?.attempts === 1);
  expect(waiting).toMatchObject({ state: 'waiting', detail: 'HTTP 503', to: hookUrl() });
  hookStatus = 200;
  await eventually(deliveries, ([one]) => one?.state === 'sent');
  expect(calls.map((call) => [call.event, call.id])).toEqual([
    ['pipelines.run.failed', waiting!.id],
    ['pipelines.run.failed', waiting!.id],
  ]);
  hookStatus = 410;
  await alerts.notify(note({ kind: 'webhook', key: 'other' }));
  const [failed] = await eventually(deliveries, ([one]) => one?.state === 'failed');
  expect(failed).toMatchObject({ attempts: 1, detail: 'HTTP 410' });
});

test('without a mail server the message is kept, to be read here, and that is told', async () => {
  await start().notify(note());
  expect(await deliveries()).toMatchObject([
    { state: 'kept', detail: 'No mail server is set up: it can be read here', to: 'ada@example.org' },
  ]);
  const [event] = await readEventsBefore(store.database, undefined, { types: ['alerts.notification.'] });
  expect(event).toMatchObject({ type: 'alerts.notification.kept', data: { subject: 'Run 7 failed' } });
});

test('an incident opens, tells, is acknowledged and closes; no answer changes nothing', async () => {
  const { id: channelId } = await hookChannel();
  const settings = conditionSettings.parse({
    name: 'Errors',
    nrql: 'SELECT count(*) FROM ErrorEvent FACET service',
    operator: 'above',
    threshold: 5,
    everySeconds: 5,
    service: 'web',
    environment: 'production',
    routes: [{ channelId }],
  });
  answer = [
    { facet: 'web', value: 9 },
    { facet: 'worker', value: 1 },
  ];
  const condition = await createCondition(deps, null, settings, actor);
  const evaluateNow = () => store.database.execute(sql`update alerts_conditions set next_at = now()`);
  start();
  start();
  const incidents = async () => (await listIncidents(store.database, {}, { limit: 10 })).rows;
  const [open] = await eventually(incidents, (all) => all.length > 0);
  expect(open).toMatchObject({ state: 'open', facet: 'web', value: 9, reason: '9 is above 5' });
  await eventually(
    () => calls,
    (all) => all.length === 1,
  );
  expect((await acknowledgeIncident(deps, open!.id, actor)).state).toBe('acknowledged');

  answer = new Fault('unavailable', 'The store is away', { code: 'x' });
  await evaluateNow();
  await eventually(
    () => store.database.first<{ error: string | null }>(sql`select error from alerts_conditions`),
    (row) => row?.error === 'The store is away',
  );
  expect((await incidents())[0]?.state).toBe('acknowledged');

  answer = [{ facet: 'web', value: 2 }];
  await evaluateNow();
  await eventually(incidents, (all) => all[0]?.state === 'closed');
  await eventually(
    () => calls,
    (all) => all.length === 2,
  );
  expect(calls.map((call) => call.event)).toEqual(['alerts.incident.opened', 'alerts.incident.closed']);
  const [closed, acknowledged, opened] = await readEventsBefore(store.database, undefined, {
    subject: `incident:${open!.id}`,
  });
  expect([closed?.type, acknowledged?.type, opened?.type]).toEqual([
    'alerts.incident.closed',
    'alerts.incident.acknowledged',
    'alerts.incident.opened',
  ]);
  expect([closed?.causes, acknowledged?.causes]).toEqual([[opened!.id], [opened!.id]]);

  answer = [{ facet: 'web', value: 7 }];
  await evaluateNow();
  await eventually(incidents, (all) => all[0]?.state === 'open');
  await removeCondition(deps, condition.id, actor);
  expect((await incidents()).map((incident) => incident.state)).toEqual(['closed', 'closed']);
});

test('a query that cannot be understood is refused with its reason', async () => {
  answer = new Fault('invalid', 'Unknown word "SELEKT"', { code: 'telemetry.nrql' });
  const settings = conditionSettings.parse({ name: 'x', nrql: 'SELEKT', operator: 'above', threshold: 1 });
  await expect(createCondition(deps, null, settings, actor)).rejects.toBe(answer);
});

test('secrets are sealed at rest, stay when left out, and do not follow to another receiver', async () => {
  const input = (url: string, secret?: string): ChannelInput =>
    channelInput.parse({ name: 'hook', settings: { kind: 'webhook', url, ...(secret ? { secret } : {}) } });
  const made = await putChannel(deps, undefined, input('https://a.example/x', 'sixteen characters'), undefined, actor);
  expect(made.sealedSecret).not.toContain('sixteen');
  const kept = await putChannel(deps, made.id, input('https://a.example/y'), '1', actor);
  expect(kept.sealedSecret).toBe(made.sealedSecret);
  await expect(putChannel(deps, made.id, input('https://a.example/z'), '1', actor)).rejects.toMatchObject({
    kind: 'stale',
  });
  expect((await putChannel(deps, made.id, input('https://b.example/'), undefined, actor)).sealedSecret).toBeNull();
  const outcome = await sendNow(
    deps,
    kept,
    { ...note(), id: 'x', to: 'http://127.0.0.1/', html: null, payload: {}, at: 0 },
    AbortSignal.timeout(9000),
  );
  expect(outcome).toMatchObject({ delivered: false, permanent: true });
});

test('the password of a channel still opens after the key was rotated, and the key before is no longer needed', async () => {
  const { id } = await mailChannel({ username: 'ada', password: 'pass word' });
  const sealedBy = async () =>
    (await store.database.first<{ key: string }>(sql`
      select split_part(sealed_secret, '.', 2) as key from alerts_channels where id = ${id}`))!.key;
  const alerts = createAlerts(deps);
  expect(await alerts.resealSecrets()).toBe(0);
  const before = await sealedBy();
  await deps.keyring.rotate();
  expect(await alerts.resealSecrets()).toBe(1);
  expect(await alerts.resealSecrets()).toBe(0);
  expect(await sealedBy()).not.toBe(before);
  const row = (await readChannel(store.database, id))!;
  expect(await deps.keyring.open(row.sealedSecret!, secretPlace(id))).toBe('pass word');
});

test('the mail server of the settings is a channel like another; it gives way to one made by hand, and goes with the setting', async () => {
  const { port } = smtp.server.address() as AddressInfo;
  const server = {
    host: '127.0.0.1',
    port,
    tls: 'opportunistic' as const,
    username: null,
    password: null,
    from: 'm@x.org',
  };
  const alerts = start();
  const changes = async () =>
    (await readEventsBefore(store.database, undefined, { types: ['alerts.channel.'] })).length;
  const before = await changes();
  await alerts.configureMail(server);
  await alerts.configureMail(server);
  expect(await changes()).toBe(before + 1);
  await alerts.notify(note());
  await eventually(deliveries, ([one]) => one?.state === 'sent');
  expect(mails[0]).toContain('From: m@x.org');
  await mailChannel();
  await alerts.configureMail({ ...server, from: 'n@x.org' });
  await alerts.notify(note({ key: 'second' }));
  await eventually(deliveries, ([one]) => one?.state === 'sent');
  expect(mails[1]).toContain('From: m@example.org');
  await alerts.configureMail(undefined);
  const channels = await store.database.query<{ name: string }>(sql`select name from alerts_channels`);
  expect(channels.map((one) => one.name)).not.toContain('MILLRACE_SMTP_URL');
});
