import { createHmac } from 'node:crypto';
import { z } from 'zod';
import { sameSecret } from '../../platform/crypto/compare.ts';
import { objectId, orNone } from '../../platform/git/object-id.ts';
import { header } from '../../platform/http/headers.ts';
import type { Forge, ForgeEvent } from '../../projects/port.ts';

// https://docs.github.com/en/webhooks/webhook-events-and-payloads
const pushBody = z.object({
  ref: z.string().regex(/^refs\//),
  before: objectId,
  after: objectId,
  pusher: z.object({ name: z.string() }),
});

const side = z.object({ ref: z.string(), sha: objectId, repo: z.object({ id: z.number() }).nullable() });
const pullRequestBody = z.object({
  action: z.string(),
  number: z.number().int(),
  pull_request: z.object({
    title: z.string(),
    html_url: z.string(),
    merged: z.boolean().optional(),
    user: z.object({ login: z.string() }).nullable(),
    head: side,
    base: side,
  }),
});

/** Actions that bring a commit to build; all others but `closed` change only words and labels. */
const building: Record<string, 'opened' | 'updated'> = { opened: 'opened', reopened: 'opened', synchronize: 'updated' };

/** GitHub and GitHub Enterprise: bodies signed by HMAC-SHA256 in `X-Hub-Signature-256`. */
export const github: Forge = {
  name: 'github',
  pullRequestRefspec: '+refs/pull/*/head:refs/pull/*/head',
  tokenUser: 'x-access-token',
  verify(headers, rawBody, secret) {
    const signature = header(headers, 'x-hub-signature-256');
    if (!signature) return false;
    return sameSecret(signature, `sha256=${createHmac('sha256', secret).update(rawBody).digest('hex')}`);
  },
  deliveryId: (headers) => header(headers, 'x-github-delivery'),
  parse(headers, body) {
    const kind = header(headers, 'x-github-event');
    if (kind === 'ping') return { kind: 'ping' };
    if (kind === 'push') return parsePush(body);
    if (kind === 'pull_request') return parsePullRequest(body);
    return kind ? { kind: 'ignored', what: kind } : undefined;
  },
};

function parsePush(body: unknown): ForgeEvent | undefined {
  const push = pushBody.safeParse(body).data;
  if (!push) return undefined;
  return {
    kind: 'push',
    ref: push.ref,
    before: orNone(push.before),
    after: orNone(push.after),
    pusher: push.pusher.name,
  };
}

function parsePullRequest(body: unknown): ForgeEvent | undefined {
  const parsed = pullRequestBody.safeParse(body).data;
  if (!parsed) return undefined;
  const { action, number, pull_request: request } = parsed;
  const known = action === 'closed' ? 'closed' : building[action];
  if (!known) return { kind: 'ignored', what: `pull_request ${action}` };
  return {
    kind: 'pull-request',
    action: known,
    merged: request.merged === true,
    number,
    title: request.title,
    url: request.html_url,
    head: { branch: request.head.ref, sha: request.head.sha },
    base: { branch: request.base.ref },
    // The fork may be gone by now: then nothing says whose it was, and it is not trusted.
    fork: request.head.repo === null || request.head.repo.id !== request.base.repo?.id,
    author: request.user?.login ?? 'ghost',
  };
}
