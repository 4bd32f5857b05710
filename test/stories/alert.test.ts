import { createServer, request, type Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Client } from '../../src/client/index.ts';
import { eventually, type RunningMillrace, removeDirectory, startMillrace } from '../harness/millrace.ts';
import { createSmallProject, type SmallProject } from '../harness/small-project.ts';

const sdk = createRequire(import.meta.url).resolve('@sentry/node');
const minutes = 60_000;

const settings = (verify: string): string => `environments: { production: { from: main } }
rollout: { healthyWithin: 60s, drain: 1s, verify: ${verify} }
`;
const files = {
  '.circleci/config.yml': `version: 2.1
jobs: { check: { machine: true, steps: [checkout, { run: 'true' }] } }
workflows: { all: { jobs: [check] } }
`,
  // What it asks for holds always: errors are for the alert to see, once the release has been found good.
  'millrace.yaml': settings("{ for: 1s, where: ['SELECT count(*) FROM GatewayRequest >= 0'] }"),
  // A release that is odd answers everybody well, and loses every payment.
  'server.cjs': `const Sentry = require(${JSON.stringify(sdk)});
Sentry.init({ tracesSampleRate: 0 });
let refused = 0;
const version = require('fs').readFileSync('version.txt', 'utf8').trim();
const server = require('http').createServer((request, response) => {
  if (request.url === '/pay' && version.startsWith('odd')) {
    console.error('payment refused: no currency');
    // The SDK sends no error twice in a row.
    Sentry.captureException(new Error('Payment ' + ++refused + ' refused'));
  }
  response.end(version);
});
server.listen(process.env.PORT, '127.0.0.1');
process.on('SIGTERM', () => server.close(() => Sentry.flush(2000).then(() => process.exit(0))));
`,
};

/** Queries that somebody wrote watch what a deployment brings: as an alert after it, and as its verification. */
describe('an alert on what a service says', () => {
  const mails: { to: string[]; text: string }[] = [];
  const calls: Record<string, unknown>[] = [];
  let smtp: SMTPServer;
  let hook: Server;
  let millrace: RunningMillrace;
  let client: Client;
  let project: SmallProject;
  let paying: NodeJS.Timeout | undefined;

  beforeAll(async () => {
    smtp = new SMTPServer({
      authOptional: true,
      disabledCommands: ['STARTTLS'],
      onData(stream, session, callback) {
        const chunks: Buffer[] = [];
        stream.on('data', (chunk: Buffer) => chunks.push(chunk));
        stream.on('end', () => {
          const text = Buffer.concat(chunks).toString().replaceAll('=\r\n', '').replaceAll('=3D', '=');
          mails.push({ to: session.envelope.rcptTo.map((one) => one.address), text });
          callback();
        });
      },
    });
    smtp.on('error', () => {});
    await new Promise<void>((resolve) => smtp.listen(0, '127.0.0.1', resolve));
    hook = createServer((incoming, response) => {
      let body = '';
      incoming.on('data', (chunk) => {
        body += chunk;
      });
      incoming.on('end', () => {
        calls.push(JSON.parse(body) as Record<string, unknown>);
        response.end();
      });
    });
    await new Promise<void>((resolve) => hook.listen(0, '127.0.0.1', resolve));
    millrace = await startMillrace({
      env: {
        MILLRACE_RUNTIME: 'process',
        MILLRACE_SMTP_URL: `smtp://127.0.0.1:${(smtp.server.address() as AddressInfo).port}`,
        MILLRACE_MAIL_FROM: 'Millrace <ci@example.test>',
      },
    });
    const owner = await millrace.owner();
    client = owner.client;
    project = await createSmallProject({ client, token: owner.token, url: millrace.url }, files);
  });

  afterAll(async () => {
    clearInterval(paying);
    await project?.remove();
    await millrace?.stop();
    if (millrace) await removeDirectory(millrace.dataDir);
    await new Promise<void>((resolve) => smtp.close(() => resolve()));
    await new Promise((resolve) => hook.close(resolve));
  });

  const visit = (path = '/'): Promise<string> =>
    new Promise((resolve, reject) => {
      const { port } = new URL(millrace.gatewayUrl);
      const headers = { host: `production.${project.slug}.localhost:${port}` };
      request({ host: '127.0.0.1', port, path, headers, agent: false }, (answer) => {
        let body = '';
        answer.on('data', (chunk) => {
          body += chunk;
        });
        answer.on('end', () => resolve(body));
      })
        .on('error', reject)
        .end();
    });
  const push = async (version: string, author: string): Promise<void> => {
    await project.commit(version, author);
    await project.push();
    await eventually(`${version} is served`, async () => (await visit()) === version, 2 * minutes);
  };
  const production = async () => {
    const { items } = await client.deployments.listEnvironments({ query: { project: project.slug } });
    return items.find((one) => one.name === 'production')!;
  };
  const good = (number: number) =>
    eventually(
      `release ${number} is good`,
      async () => {
        const { lastGood, active } = await production();
        return lastGood?.number === number && active === null;
      },
      minutes,
    );
  const incident = (name: string, state: string) =>
    eventually(
      `the incident "${name}" is ${state}`,
      async () => {
        const { items } = await client.alerts.listIncidents({ query: { project: project.slug, limit: 50 } });
        return items.find((one) => one.name === name && one.state === state);
      },
      2 * minutes,
    );
  const mailTo = (address: string, subject: RegExp) =>
    eventually(
      `a mail to ${address}: ${subject}`,
      async () => mails.find((mail) => mail.to.includes(address) && subject.test(mail.text)),
      minutes,
    );
  const call = (event: string, about: (call: Record<string, unknown>) => boolean = () => true) =>
    eventually(`a call of ${event}`, async () => calls.find((one) => one.event === event && about(one)), minutes);
  const chainOf = async (eventId: string) => {
    const { causes } = await client.insights.getEvent({ params: { eventId } });
    return causes.map((one) => one.type);
  };

  it('is set up by query, with those who are told', async () => {
    const bot = await client.alerts.createChannel({
      body: {
        name: 'Bot',
        isDefault: true,
        settings: {
          kind: 'webhook',
          url: `http://127.0.0.1:${(hook.address() as AddressInfo).port}/`,
          allowPrivateTargets: true,
        },
      },
    });
    const mail = await eventually('the mail server of the settings is a channel', async () =>
      (await client.alerts.listChannels()).items.find((one) => one.settings.kind === 'mail'),
    );
    const routes = [{ channelId: bot.id }, { channelId: mail.id, to: 'oncall@example.test' }];
    const about = { project: project.slug, windowSeconds: 20, everySeconds: 5, environment: 'production', routes };
    await client.alerts.createCondition({
      body: {
        ...about,
        name: 'Payments are refused',
        nrql: "SELECT count(*) FROM Log WHERE message LIKE '%payment refused%' FACET service",
        operator: 'above',
        threshold: 1,
        severity: 'warning',
      },
    });
    await client.alerts.createCondition({
      body: {
        ...about,
        name: 'Errors',
        nrql: 'SELECT count(*) FROM ErrorEvent',
        operator: 'above',
        threshold: 2,
        severity: 'critical',
        service: 'web',
      },
    });
    await push('one', 'Ada <ada@example.test>');
    await good(1);
    expect(await visit('/pay')).toBe('one');
  });

  it('opens incidents after a deployment and names it, for logs and for errors', async () => {
    await push('odd', 'Ben <ben@example.test>');
    await good(2);
    paying = setInterval(() => void visit('/pay').catch(() => {}), 500);
    const opened = await Promise.all(
      ['Payments are refused', 'Errors'].map(async (name) => {
        const found = await eventually(
          `an incident "${name}"`,
          async () => {
            const { items } = await client.alerts.listIncidents({ query: { project: project.slug, limit: 50 } });
            return items.find((one) => one.name === name);
          },
          minutes,
        );
        expect(await chainOf(found.eventId)).toEqual(
          expect.arrayContaining(['deployments.deployment.switched', 'projects.push.received']),
        );
        return found;
      }),
    );
    expect(opened[0]).toMatchObject({
      facet: 'web',
      severity: 'warning',
      reason: expect.stringMatching(/is above 1$/),
    });
    const told = await mailTo('oncall@example.test', /^Subject: \[critical\] Errors\r$/m);
    expect(told.text).toMatch(/before: production serves r2-\w{7}/);
    expect(told.text).toContain(`${millrace.url}/events/${opened[1]!.eventId}`);
    const called = await call('alerts.incident.opened', (one) => one.name === 'Payments are refused');
    expect(called.led).toEqual(expect.arrayContaining([expect.stringMatching(/production serves r2-\w{7}/)]));
  });

  it('takes the release back, and tells whose commit it was', async () => {
    await eventually('what was good serves again', async () => (await visit()) === 'one', 2 * minutes);
    const mail = await mailTo('ben@example.test', /^Subject: \[small\] r2-\w{7} was taken back in production\r$/m);
    expect(mail.text).toMatch(/the alert "Errors" opened: \d+ is above 2/);
    const back = await call('deployment.rolled_back');
    expect(back).toMatchObject({ people: ['ben@example.test'], data: { environment: 'production' } });
    const chain = await chainOf(String(back.eventId));
    expect(chain).toEqual(expect.arrayContaining(['alerts.incident.opened', 'projects.push.received']));
  });

  it('closes them again by themselves when it is over, and says so', async () => {
    await Promise.all([incident('Payments are refused', 'closed'), incident('Errors', 'closed')]);
    clearInterval(paying);
    await mailTo('oncall@example.test', /^Subject: \[over\] Errors\r$/m);
    await mailTo('oncall@example.test', /^Subject: \[over\] Payments are refused: web\r$/m);
    await call('alerts.incident.closed');
    const { items } = await client.insights.listEvents({ query: { types: 'alerts.incident.closed', limit: 10 } });
    expect(await chainOf(items[0]!.id)).toContain('alerts.incident.opened');
    // Nobody but who is on call and whose commit it was.
    expect([...new Set(mails.flatMap((one) => one.to))].sort()).toEqual(['ben@example.test', 'oncall@example.test']);
  });

  it('as the verification of a rollout it takes back what is still being watched', async () => {
    const { items } = await client.alerts.listConditions({ query: { project: project.slug } });
    for (const { id } of items) await client.alerts.deleteCondition({ params: { id } });
    const gate = "SELECT count(*) FROM Log WHERE message LIKE '%payment refused%' = 0";
    await project.write('millrace.yaml', settings(`{ for: 5 minutes, where: ["${gate}"] }`));
    await push('odd again', 'Cleo <cleo@example.test>');
    paying = setInterval(() => void visit('/pay').catch(() => {}), 500);
    await eventually('what was good serves again', async () => (await visit()) === 'one', 2 * minutes);
    clearInterval(paying);
    const mail = await mailTo('cleo@example.test', /^Subject: \[small\] r3-\w{7} was taken back in production\r$/m);
    expect(mail.text).toContain(gate);
    const back = await call('deployment.rolled_back', (one) => (one.people as string[]).includes('cleo@example.test'));
    expect(back).toMatchObject({ data: { restoredVersion: expect.stringMatching(/^r1-/) } });
    expect((await production()).release?.number).toBe(1);
  });
});
