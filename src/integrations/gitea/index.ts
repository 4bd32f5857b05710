import { createHmac } from 'node:crypto';
import { z } from 'zod';
import { sameSecret } from '../../platform/crypto/compare.ts';
import { objectId, orNone } from '../../platform/git/object-id.ts';
import { header } from '../../platform/http/headers.ts';
import type { Forge, ForgeEvent } from '../../projects/port.ts';

const user = z.object({ login: z.string().optional(), username: z.string().optional() });

// https://docs.gitea.com/usage/webhooks
const pushBody = z.object({
  ref: z.string().regex(/^refs\//),
  before: objectId,
  after: objectId,
  pusher: user.nullish(),
});

/** `create` and `delete`: a branch or tag came or went, without `refs/` in front. */
const refBody = z.object({
  ref: z.string().min(1),
  ref_type: z.enum(['branch', 'tag']),
  sha: objectId.optional(),
  sender: user.nullish(),
});

const side = z.object({ ref: z.string(), sha: z.string(), repo_id: z.number().optional() });
const pullRequestBody = z.object({
  action: z.string(),
  number: z.number().int(),
  pull_request: z.object({
    title: z.string(),
    html_url: z.string().optional(),
    url: z.string().optional(),
    merged: z.boolean().optional(),
    user: user.nullish(),
    head: side,
    base: side,
  }),
});

const building: Record<string, 'opened' | 'updated'> = {
  opened: 'opened',
  reopened: 'opened',
  synchronized: 'updated',
};

const nameOf = (who: z.output<typeof user> | null | undefined): string => who?.login || who?.username || 'somebody';

/** Gitea and Forgejo: bodies signed by HMAC-SHA256 (plain hex) in `X-Gitea-Signature`. */
export const gitea: Forge = {
  name: 'gitea',
  pullRequestRefspec: '+refs/pull/*/head:refs/pull/*/head',
  tokenUser: 'token',
  verify(headers, rawBody, secret) {
    const signature = header(headers, 'x-gitea-signature') ?? header(headers, 'x-forgejo-signature');
    if (!signature) return false;
    return sameSecret(signature, createHmac('sha256', secret).update(rawBody).digest('hex'));
  },
  deliveryId: (headers) => header(headers, 'x-gitea-delivery') ?? header(headers, 'x-forgejo-delivery'),
  parse(headers, body) {
    const kind = header(headers, 'x-gitea-event') ?? header(headers, 'x-forgejo-event');
    if (kind === 'push') return parsePush(body);
    if (kind === 'create' || kind === 'delete') return parseRef(kind, body);
    // Newer versions tell a moved head as an event of its own name.
    if (kind === 'pull_request' || kind === 'pull_request_sync') return parsePullRequest(body);
    return kind ? { kind: 'ignored', what: kind } : undefined;
  },
};

function parsePush(body: unknown): ForgeEvent | undefined {
  const push = pushBody.safeParse(body).data;
  if (!push) return undefined;
  const { ref, before, after, pusher } = push;
  return { kind: 'push', ref, before: orNone(before), after: orNone(after), pusher: nameOf(pusher) };
}

function parseRef(kind: 'create' | 'delete', body: unknown): ForgeEvent | undefined {
  const parsed = refBody.safeParse(body).data;
  if (!parsed) return undefined;
  const ref = `refs/${parsed.ref_type === 'tag' ? 'tags' : 'heads'}/${parsed.ref}`;
  const after = kind === 'create' ? (parsed.sha ?? null) : null;
  return { kind: 'push', ref, before: null, after, pusher: nameOf(parsed.sender) };
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
    url: request.html_url ?? request.url ?? '',
    head: { branch: request.head.ref, sha: request.head.sha },
    base: { branch: request.base.ref },
    // Not told apart means not trusted.
    fork: request.head.repo_id === undefined || request.head.repo_id !== request.base.repo_id,
    author: nameOf(request.user),
  };
}
