import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { gitea } from './index.ts';

const a = 'a'.repeat(40);
const b = 'b'.repeat(40);
const on = (event: string): Record<string, string> => ({ 'x-gitea-event': event });

const pullRequest = (action: string, headRepo: number | undefined = 1) => ({
  action,
  number: 7,
  pull_request: {
    title: 'Faster',
    html_url: 'https://gitea.example/t/s/pulls/7',
    merged: false,
    user: { login: 'ada', username: 'ada' },
    head: { label: 'fast', ref: 'fast', sha: a, repo_id: headRepo },
    base: { label: 'main', ref: 'main', sha: b, repo_id: 1 },
  },
});

describe('Gitea deliveries', () => {
  it('believes a signed body only, also of Forgejo', () => {
    const body = Buffer.from('{"ref":"x"}');
    const signature = createHmac('sha256', 's').update(body).digest('hex');
    expect(gitea.verify({ 'x-gitea-signature': signature }, body, 's')).toBe(true);
    expect(gitea.verify({ 'x-forgejo-signature': signature }, body, 's')).toBe(true);
    expect(gitea.verify({ 'x-gitea-signature': signature }, body, 't')).toBe(false);
    expect(gitea.verify({ 'x-gitea-signature': '' }, body, 's')).toBe(false);
  });

  it('reads pushes and refs that come and go', () => {
    expect(gitea.parse(on('push'), { ref: 'refs/heads/main', before: a, after: b, pusher: { login: 'ada' } })).toEqual({
      kind: 'push',
      ref: 'refs/heads/main',
      before: a,
      after: b,
      pusher: 'ada',
    });
    expect(gitea.parse(on('create'), { ref: 'v1', ref_type: 'tag', sha: a, sender: { username: 'ada' } })).toEqual({
      kind: 'push',
      ref: 'refs/tags/v1',
      before: null,
      after: a,
      pusher: 'ada',
    });
    expect(gitea.parse(on('delete'), { ref: 'old', ref_type: 'branch', sender: null })).toMatchObject({
      ref: 'refs/heads/old',
      after: null,
    });
  });

  it('reads pull requests, and trusts only what it can tell apart', () => {
    expect(gitea.parse(on('pull_request'), pullRequest('opened'))).toMatchObject({ action: 'opened', fork: false });
    expect(gitea.parse(on('pull_request_sync'), pullRequest('synchronized'))).toMatchObject({ action: 'updated' });
    expect(gitea.parse(on('pull_request'), pullRequest('opened', 2))).toMatchObject({ fork: true });
    const unknown = pullRequest('opened');
    const head = { ref: 'fast', sha: a };
    const body = { ...unknown, pull_request: { ...unknown.pull_request, head } };
    expect(gitea.parse(on('pull_request'), body)).toMatchObject({ fork: true });
    expect(gitea.parse(on('pull_request'), pullRequest('assigned'))).toMatchObject({ kind: 'ignored' });
  });

  it('never throws', () => {
    const kinds = fc.constantFrom('push', 'create', 'delete', 'pull_request', 'pull_request_sync', 'x');
    fc.assert(
      fc.property(
        kinds,
        fc.jsonValue(),
        fc.dictionary(fc.string(), fc.string()),
        fc.uint8Array(),
        (kind, body, headers, raw) => {
          gitea.parse({ ...headers, ...on(kind) }, body);
          gitea.verify(headers, raw, 'secret');
          gitea.deliveryId(headers);
        },
      ),
    );
  });
});
