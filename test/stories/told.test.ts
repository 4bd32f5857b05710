import { createHmac } from 'node:crypto';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Client } from '../../src/client/index.ts';
import { eventually, type RunningMillrace, removeDirectory, startMillrace } from '../harness/millrace.ts';
import { createSmallProject, type SmallProject } from '../harness/small-project.ts';

const ada = 'Ada <ada@example.test>';
const ben = 'Ben <ben@example.test>';
const cleo = 'Cleo <cleo@example.test>';
const dora = 'Dora <dora@example.test>';

const files = {
  '.circleci/config.yml': `version: 2.1
jobs:
  check:
    machine: true
    steps: [checkout, { run: { name: Check, command: '! grep -q broken version.txt' } }]
workflows: { all: { jobs: [check] } }
`,
  'millrace.yaml': `environments: { production: { from: main } }
rollout: { healthyWithin: 60s, drain: 1s, verify: { for: 6s } }
`,
  'server.cjs': `const http = require('http');
const version = require('fs').readFileSync('version.txt', 'utf8').trim();
const server = http.createServer((request, response) => {
  response.statusCode = request.url !== '/health' && version.startsWith('hurts') ? 500 : 200;
  response.end(version);
});
server.listen(process.env.PORT, '127.0.0.1');
process.on('SIGTERM', () => server.close(() => process.exit(0)));
`,
};
const secret = 'a secret that both sides know';

interface Received {
  from: string;
  to: string[];
  text: string;
}
interface Call {
  event: string;
  people: string[];
  subject: string;
  signed: boolean;
}

/** Whoever's commit it was gets a mail from a real SMTP server, and programs a signed call, of what became of it. */
describe('people are told', () => {
  const mails: Received[] = [];
  const calls: Call[] = [];
  let smtp: SMTPServer;
  let hook: Server;
  let millrace: RunningMillrace;
  let client: Client;
  let project: SmallProject;

  beforeAll(async () => {
    smtp = new SMTPServer({
      authOptional: true,
      disabledCommands: ['STARTTLS'],
      onData(stream, session, callback) {
        const chunks: Buffer[] = [];
        stream.on('data', (chunk: Buffer) => chunks.push(chunk));
        stream.on('end', () => {
          const { mailFrom, rcptTo } = session.envelope;
          const text = Buffer.concat(chunks).toString().replaceAll('=\r\n', '');
          mails.push({ from: mailFrom ? mailFrom.address : '', to: rcptTo.map((one) => one.address), text });
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
        const [, seconds, signature] = /^t=(\d+),v1=(\w+)$/.exec(String(incoming.headers['millrace-signature'])) ?? [];
        const expected = createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex');
        calls.push({ ...(JSON.parse(body) as Call), signed: signature === expected });
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
    await client.alerts.createChannel({
      body: {
        name: 'Bot',
        isDefault: true,
        settings: {
          kind: 'webhook',
          url: `http://127.0.0.1:${(hook.address() as AddressInfo).port}/`,
          allowPrivateTargets: true,
          secret,
        },
      },
    });
    project = await createSmallProject({ client, token: owner.token, url: millrace.url }, files);
  });

  afterAll(async () => {
    await project?.remove();
    await millrace?.stop();
    if (millrace) await removeDirectory(millrace.dataDir);
    await new Promise<void>((resolve) => smtp.close(() => resolve()));
    await new Promise((resolve) => hook.close(resolve));
  });

  const runOf = (sha: string, status: string) =>
    eventually(
      `a run that is ${status}`,
      async () => {
        const { items } = await client.pipelines.listRuns({ query: { project: project.slug, sha } });
        return items.find((run) => run.status === status);
      },
      120_000,
    );
  const served = (version: string) =>
    eventually(`${version} is served`, async () => (await visit()).body === version, 120_000);
  const visit = (): Promise<{ status: number; body: string }> =>
    new Promise((resolve, reject) => {
      const { port } = new URL(millrace.gatewayUrl);
      const headers = { host: `production.${project.slug}.localhost:${port}` };
      request({ host: '127.0.0.1', port, headers, agent: false }, (answer) => {
        let body = '';
        answer.on('data', (chunk) => {
          body += chunk;
        });
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body }));
      })
        .on('error', reject)
        .end();
    });
  const mailTo = (address: string) =>
    eventually(`a mail to ${address}`, async () => mails.find((mail) => mail.to.includes(address)), 60_000);
  const call = (event: string) =>
    eventually(`a call of ${event}`, async () => calls.find((one) => one.event === event), 60_000);

  it('nobody of a run that simply passes', async () => {
    await runOf(await push('one', ada), 'success');
    await served('one');
    expect([mails, calls]).toEqual([[], []]);
  });

  const push = async (version: string, author: string): Promise<string> => {
    const sha = await project.commit(version, author);
    await project.push();
    return sha;
  };

  it('the author of a commit whose run failed, with the job and the way to its log', async () => {
    const run = await runOf(await push('broken', ben), 'failed');
    const mail = await mailTo('ben@example.test');
    expect(mail).toMatchObject({ from: 'ci@example.test', to: ['ben@example.test'] });
    expect(mail.text).toMatch(/^Subject: \[small\] Run 2 failed on main: check\r$/m);
    expect(mail.text).toContain(`${millrace.url}/runs/${run.id}`);
    expect(await call('run.failed')).toMatchObject({ people: ['ben@example.test'], signed: true });
  });

  it('the author of the commit that fixed it', async () => {
    await runOf(await push('two', cleo), 'success');
    const mail = await mailTo('cleo@example.test');
    expect(mail.text).toMatch(/^Subject: \[small\] Run 3 fixed main\r$/m);
    expect(await call('run.fixed')).toMatchObject({ people: ['cleo@example.test'], signed: true });
    await served('two');
  });

  it('those whose commits were in a release that was taken back, and nobody else', async () => {
    await eventually(
      'the release before is good',
      async () => {
        const { items } = await client.deployments.listDeployments({ query: { project: project.slug } });
        return items[0]?.status === 'succeeded';
      },
      60_000,
    );
    await push('hurts visitors', dora);
    await served('hurts visitors');
    await eventually('what was good serves again', async () => (await visit()).body === 'two', 120_000);
    const mail = await mailTo('dora@example.test');
    expect(mail.text).toMatch(/^Subject: \[small\] r3-\w{7} was taken back in production\r$/m);
    expect(mail.text).toMatch(/serves r2-\w{7} again/);
    const back = await call('deployment.rolled_back');
    expect(back).toMatchObject({ people: ['dora@example.test'], signed: true });
    expect(mails.map((one) => one.to)).toEqual([['ben@example.test'], ['cleo@example.test'], ['dora@example.test']]);
    expect(calls.map((one) => one.event)).toEqual(['run.failed', 'run.fixed', 'deployment.rolled_back']);
  });

  it('and the timeline says so, with what it was about as its cause', async () => {
    const { items } = await client.insights.listEvents({
      query: { projectId: project.id, types: 'alerts.notification.', limit: 50 },
    });
    const sent = items.filter((event) => event.data.kind === 'mail').reverse();
    expect(sent.map((event) => [event.type, event.data.to])).toEqual([
      ['alerts.notification.sent', 'ben@example.test'],
      ['alerts.notification.sent', 'cleo@example.test'],
      ['alerts.notification.sent', 'dora@example.test'],
    ]);
    const { causes } = await client.insights.getEvent({ params: { eventId: sent[2]!.id } });
    expect(causes.at(-1)!.type).toBe('deployments.deployment.rolled_back');
    expect(causes.some((cause) => cause.type === 'projects.push.received')).toBe(true);
  });
});
