import type { FastifyInstance, InjectOptions } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startHouse, type TestHouse } from '../../test/harness/house.ts';
import { system } from '../kernel/events.ts';
import type { HttpIntake } from '../platform/http/contract.ts';
import type { House } from './rooms.ts';

/** No foreign protocol lets anybody in who shows nothing, or something wrong, at either listener of the house. */
let whole: TestHouse;
let house: House;
let intakes: HttpIntake[];
let app: FastifyInstance;
let servicesOnly: FastifyInstance;
let project: { id: string; ingestId: number };

beforeAll(async () => {
  whole = await startHouse();
  ({ house, intakes, app, servicesOnly } = whole);
  project = await house.projects.create({ name: 'Shop', slug: 'shop', defaultBranch: 'main' }, system('test'));
});
afterAll(() => whole.close());

const json = { 'content-type': 'application/json' };
/** One request for each address of each intake, right in all but its credentials. */
const addresses: Record<string, () => InjectOptions[]> = {
  git: () => [
    { method: 'GET', url: '/git/shop.git/info/refs?service=git-upload-pack' },
    { method: 'GET', url: '/git/shop.git/info/refs?service=git-receive-pack' },
    {
      method: 'POST',
      url: '/git/shop.git/git-upload-pack',
      headers: { 'content-type': 'application/x-git-upload-pack-request' },
      payload: '0000',
    },
    {
      method: 'POST',
      url: '/git/shop.git/git-receive-pack',
      headers: { 'content-type': 'application/x-git-receive-pack-request' },
      payload: '0000',
    },
  ],
  hooks: () =>
    ['github', 'gitlab', 'gitea'].map((forge) => ({
      method: 'POST' as const,
      url: `/hooks/${forge}/${project.id}`,
      headers: json,
      payload: '{}',
    })),
  sentry: () =>
    ['', '/services/web'].flatMap((prefix) =>
      [
        'envelope',
        'store',
        'security',
        'csp-report',
        'minidump',
        `events/${'0'.repeat(32)}/attachments`,
        'cron/backup',
        `cron/backup/${'0'.repeat(32)}`,
      ].map((kind) => ({
        method: 'POST' as const,
        url: `${prefix}/api/${project.ingestId}/${kind}/`,
        payload: kind === 'envelope' ? '{}\n{"type":"event"}\n{}\n' : '{}',
      })),
    ),
  'sentry-api': () => [
    ...['', 'organizations/x/', 'organizations/x/repos/', 'organizations/x/chunk-upload/'].map((path) => ({
      method: 'GET' as const,
      url: `/api/0/${path}`,
    })),
    ...['chunk-upload', 'artifactbundle/assemble', 'releases', 'releases/r1/deploys'].map((path) => ({
      method: 'POST' as const,
      url: `/api/0/organizations/x/${path}/`,
      headers: json,
      payload: '{}',
    })),
  ],
  'errors-files': () => [{ method: 'GET', url: '/api/v1/errors/files/01890000-0000-7000-8000-000000000000/content' }],
  'event-stream': () => [{ method: 'GET', url: '/api/v1/events/stream' }],
  'pipelines-streams': () =>
    ['runs/ID/stream', 'jobs/ID/steps/0/log/stream', 'jobs/ID/steps/0/log/raw', 'artifacts/ID/content'].map((path) => ({
      method: 'GET' as const,
      url: `/api/v1/${path.replace('ID', '01890000-0000-7000-8000-000000000000')}`,
    })),
  'circleci-continue': () => [
    {
      method: 'POST',
      url: '/api/v2/pipeline/continue',
      headers: json,
      payload: JSON.stringify({ 'continuation-key': '0'.repeat(40), configuration: 'version: 2.1' }),
    },
  ],
  oidc: () =>
    ['openid-configuration', 'jwks.json'].map((name) => ({ method: 'GET' as const, url: `/.well-known/${name}` })),
  otlp: () =>
    ['traces', 'logs', 'metrics'].map((kind) => ({
      method: 'POST' as const,
      url: `/v1/${kind}`,
      headers: json,
      payload: '{}',
    })),
  prometheus: () => [{ method: 'POST', url: '/prometheus/v1/write', payload: '' }],
  loki: () => [{ method: 'POST', url: '/loki/api/v1/push', headers: json, payload: '{}' }],
  nagios: () => [{ method: 'POST', url: '/nagios/v1/perfdata', payload: '' }],
  browser: () => [{ method: 'POST', url: '/browser/v1/events?key=wrong', payload: '{"events":[]}' }],
  newrelic: () =>
    [
      '/metric/v1',
      '/log/v1',
      '/trace/v1',
      '/v1/accounts/1/events',
      '/agent_listener/invoke_raw_method?method=connect&license_key=wrong',
    ].map((url) => ({ method: 'POST' as const, url, headers: json, payload: '[]' })),
};

describe('intakes', () => {
  it('are all known to this test, and say how callers prove themselves', () => {
    expect(intakes.map(({ name }) => name).sort()).toEqual(Object.keys(addresses).sort());
    for (const { name, authentication } of intakes) expect(authentication, name).not.toBe('');
  });

  it('refuse whoever shows nothing, and whoever shows something wrong', async () => {
    const wrong: InjectOptions['headers'][] = [
      {},
      { authorization: 'Bearer mr_0000000000000000000000000000000000000000' },
      { authorization: `Basic ${Buffer.from('x:mr_wrong').toString('base64')}` },
      { 'x-sentry-auth': 'Sentry sentry_key=00000000000000000000000000000000' },
      {
        'x-hub-signature-256': `sha256=${'0'.repeat(64)}`,
        'x-gitlab-token': 'wrong',
        'x-gitea-signature': '0'.repeat(64),
      },
    ];
    const admitted: string[] = [];
    let tried = 0;
    for (const [name, requests] of Object.entries(addresses)) {
      // Public keys are for everybody.
      if (name === 'oidc') continue;
      for (const request of requests()) {
        for (const headers of wrong) {
          const { statusCode } = await app.inject({ ...request, headers: { ...request.headers, ...headers } });
          tried += 1;
          if (statusCode !== 401 && statusCode !== 403) admitted.push(`${name} ${String(request.url)}: ${statusCode}`);
        }
      }
    }
    expect(admitted).toEqual([]);
    expect(tried).toBe(50 * wrong.length);
  });

  it('refuse a token that is limited to another room', async () => {
    const owner = await house.identity.createOwner({
      name: 'Ada',
      email: 'a@b.org',
      password: 'correct horse battery',
    });
    const input = { personId: owner.id, name: 't', role: 'owner' as const, scopes: ['secrets:read'], expiresAt: null };
    const { text } = await house.identity.createToken(input, system('test'));
    const whole = await house.identity.createToken({ ...input, name: 'ci', scopes: null }, system('test'));
    const headers = { authorization: `Bearer ${whole.text}` };
    expect((await app.inject({ method: 'GET', url: '/api/0/', headers })).statusCode).toBe(200);
    for (const name of ['event-stream', 'pipelines-streams', 'errors-files', 'sentry-api', 'git']) {
      for (const request of addresses[name]!()) {
        const scheme = name === 'git' ? `Basic ${Buffer.from(`x:${text}`).toString('base64')}` : `Bearer ${text}`;
        const { statusCode } = await app.inject({ ...request, headers: { ...request.headers, authorization: scheme } });
        expect(statusCode, `${name} ${String(request.url)}`).toBe(403);
      }
    }
  });

  it('let the right key in, so that the refusals above mean something', async () => {
    const { publicKey } = await house.projects.keyFor(project.id);
    const sent = await app.inject({
      method: 'POST',
      url: '/v1/logs',
      headers: { ...json, authorization: `Bearer ${publicKey}` },
      payload: '{}',
    });
    expect(sent.statusCode).toBe(200);
    const auth = { 'x-sentry-auth': `Sentry sentry_key=${publicKey}` };
    const [envelope] = addresses.sentry!();
    expect((await app.inject({ ...envelope!, headers: auth })).statusCode).toBe(200);
  });

  it('that services reach are those for errors and telemetry, and nothing else is there', async () => {
    for (const [name, requests] of Object.entries(addresses)) {
      const reachable = intakes.find((intake) => intake.name === name)!.reachableByServices;
      expect(reachable, name).toBe(['sentry', 'otlp', 'prometheus', 'loki', 'nagios', 'newrelic'].includes(name));
      for (const request of requests()) {
        const { statusCode } = await servicesOnly.inject(request);
        expect(statusCode === 404, `${name} ${String(request.url)}`).toBe(!reachable);
      }
    }
    for (const url of ['/', '/api/v1/projects', '/api/v1/openapi.json'])
      expect((await servicesOnly.inject({ method: 'GET', url })).statusCode).toBe(404);
  });
});
