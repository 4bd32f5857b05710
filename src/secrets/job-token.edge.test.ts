import { createPublicKey, verify } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Foundation, startFoundation } from '../../test/harness/foundation.ts';
import { system } from '../kernel/events.ts';
import { rotateKey } from './change-secrets.ts';
import type { JobSubject } from './job-token.ts';

let test: Foundation;
beforeAll(async () => {
  test = await startFoundation();
});
afterAll(() => test?.close());

const subject: JobSubject = {
  projectId: '01900000-0000-7000-8000-000000000001',
  projectSlug: 'shop',
  actorId: 'ada',
  runId: '01900000-0000-7000-8000-000000000002',
  jobId: '01900000-0000-7000-8000-000000000003',
  workflow: 'main',
  contexts: ['aws'],
  origin: 'localhost/git/shop',
  ref: 'refs/heads/main',
  sha: 'abc',
  shellRerun: false,
};

const part = (token: string, index: number): Record<string, unknown> =>
  JSON.parse(Buffer.from(token.split('.')[index]!, 'base64url').toString()) as Record<string, unknown>;

/** What a verifier does that knows nothing but the issuer's address. */
async function verified(token: string): Promise<Record<string, unknown>> {
  const get = async (url: string) => (await test.app.inject({ method: 'GET', url })).json();
  const discovery = await get('/.well-known/openid-configuration');
  const { keys } = await get(new URL(discovery.jwks_uri).pathname);
  const key = keys.find((one: { kid: string }) => one.kid === part(token, 0).kid);
  const [header, claims, signature] = token.split('.');
  const signed = Buffer.from(`${header}.${claims}`);
  const publicKey = createPublicKey({ key, format: 'jwk' });
  expect(verify('RSA-SHA256', signed, publicKey, Buffer.from(signature!, 'base64url'))).toBe(true);
  expect(part(token, 1).iss).toBe(discovery.issuer);
  return part(token, 1);
}

it('signs tokens of jobs that anybody can verify with the published keys', async () => {
  const tokens = await Promise.all(
    [1, 2].map((version) => test.secrets.jobToken(subject, { version: version as 1 | 2, nowSeconds: 1000 })),
  );
  expect(await verified(tokens[0]!)).toMatchObject({
    aud: [subject.projectId],
    sub: `org/${subject.projectId}/project/${subject.projectId}/user/ada`,
    iat: 1000,
    exp: 4600,
    'oidc.circleci.com/context-ids': ['aws'],
    'oidc.circleci.com/vcs-ref': 'refs/heads/main',
  });
  expect((await verified(tokens[1]!)).sub).toContain('/vcs-origin/localhost/git/shop/vcs-ref/refs/heads/main');
  expect(await test.secrets.jobToken(subject, { version: 1, nowSeconds: 1000 })).toBe(tokens[0]);
});

it('goes on with the same key after the master key changed, and gives the private part to nobody', async () => {
  const before = await test.secrets.jobToken(subject, { version: 1, nowSeconds: 1000 });
  const { database, keyring } = test;
  await rotateKey({ database, keyring } as never, system('test'));
  expect(await test.secrets.jobToken(subject, { version: 1, nowSeconds: 1000 })).toBe(before);
  const keys = (await test.app.inject({ method: 'GET', url: '/.well-known/jwks.json' })).body;
  expect(Object.keys(JSON.parse(keys).keys[0]).sort()).toEqual(['alg', 'e', 'kid', 'kty', 'n', 'use']);
});
