import { z } from 'zod';
import { sameSecret } from '../../platform/crypto/compare.ts';
import { objectId, orNone } from '../../platform/git/object-id.ts';
import { header } from '../../platform/http/headers.ts';
import type { Forge, ForgeEvent } from '../../projects/port.ts';

// https://docs.gitlab.com/user/project/integrations/webhook_events/
const pushBody = z.object({
  ref: z.string().regex(/^refs\//),
  before: objectId,
  after: objectId,
  user_name: z.string().nullish(),
  user_username: z.string().nullish(),
});

const mergeRequestBody = z.object({
  user: z.object({ username: z.string().nullish(), name: z.string().nullish() }).nullish(),
  object_attributes: z.object({
    iid: z.number().int(),
    title: z.string(),
    url: z.string().nullish(),
    action: z.string().nullish(),
    /** There only when the update brought commits. */
    oldrev: z.string().nullish(),
    source_branch: z.string(),
    target_branch: z.string(),
    source_project_id: z.number().nullish(),
    target_project_id: z.number().nullish(),
    last_commit: z.object({ id: z.string() }).nullish(),
  }),
});

/** GitLab: bodies are not signed; the secret itself comes in `X-Gitlab-Token`. */
export const gitlab: Forge = {
  name: 'gitlab',
  pullRequestRefspec: '+refs/merge-requests/*/head:refs/pull/*/head',
  tokenUser: 'oauth2',
  verify(headers, _rawBody, secret) {
    const token = header(headers, 'x-gitlab-token');
    return token !== undefined && sameSecret(token, secret);
  },
  // The same for each try of one delivery. The event's own id is no substitute: recursive events share it.
  deliveryId: (headers) => header(headers, 'idempotency-key'),
  parse(headers, body) {
    const kind = header(headers, 'x-gitlab-event');
    if (kind === 'Push Hook' || kind === 'Tag Push Hook') return parsePush(body);
    if (kind === 'Merge Request Hook') return parseMergeRequest(body);
    return kind ? { kind: 'ignored', what: kind } : undefined;
  },
};

function parsePush(body: unknown): ForgeEvent | undefined {
  const push = pushBody.safeParse(body).data;
  if (!push) return undefined;
  const pusher = push.user_username || push.user_name || 'somebody';
  return { kind: 'push', ref: push.ref, before: orNone(push.before), after: orNone(push.after), pusher };
}

function actionOf(action: string, broughtCommits: boolean): 'opened' | 'updated' | 'closed' | undefined {
  if (action === 'open' || action === 'reopen') return 'opened';
  if (action === 'close' || action === 'merge') return 'closed';
  return action === 'update' && broughtCommits ? 'updated' : undefined;
}

function parseMergeRequest(body: unknown): ForgeEvent | undefined {
  const parsed = mergeRequestBody.safeParse(body).data;
  if (!parsed) return undefined;
  const { object_attributes: request, user } = parsed;
  const action = actionOf(request.action ?? '', Boolean(request.oldrev));
  if (!action) return { kind: 'ignored', what: `merge request ${request.action ?? ''}` };
  return {
    kind: 'pull-request',
    action,
    merged: request.action === 'merge',
    number: request.iid,
    title: request.title,
    url: request.url ?? '',
    head: { branch: request.source_branch, sha: request.last_commit?.id ?? '' },
    base: { branch: request.target_branch },
    fork: request.source_project_id == null || request.source_project_id !== request.target_project_id,
    author: user?.username || user?.name || 'somebody',
  };
}
