import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { gitlab } from './index.ts';

const a = 'a'.repeat(40);
const b = 'b'.repeat(40);
const none = '0'.repeat(40);
const on = (event: string): Record<string, string> => ({ 'x-gitlab-event': event });

const mergeRequest = (action: string, more: object = {}) => ({
  object_kind: 'merge_request',
  user: { username: 'ada', name: 'Ada' },
  object_attributes: {
    iid: 7,
    title: 'Faster',
    url: 'https://gitlab.example/t/s/-/merge_requests/7',
    action,
    source_branch: 'fast',
    target_branch: 'main',
    source_project_id: 1,
    target_project_id: 1,
    last_commit: { id: a },
    ...more,
  },
});

describe('GitLab deliveries', () => {
  it('believes who knows the secret', () => {
    expect(gitlab.verify({ 'x-gitlab-token': 's3cret' }, Buffer.alloc(0), 's3cret')).toBe(true);
    expect(gitlab.verify({ 'x-gitlab-token': 's3cre' }, Buffer.alloc(0), 's3cret')).toBe(false);
    expect(gitlab.verify({}, Buffer.alloc(0), '')).toBe(false);
  });

  it('reads pushes of branches and tags', () => {
    const body = { ref: 'refs/heads/main', before: a, after: b, user_name: 'Ada', user_username: 'ada' };
    expect(gitlab.parse(on('Push Hook'), body)).toEqual({
      kind: 'push',
      ref: 'refs/heads/main',
      before: a,
      after: b,
      pusher: 'ada',
    });
    const tag = { ref: 'refs/tags/v1', before: none, after: b, user_name: 'Ada' };
    expect(gitlab.parse(on('Tag Push Hook'), tag)).toMatchObject({ before: null, pusher: 'Ada' });
  });

  it('reads merge requests; an update counts when it brought commits', () => {
    const parse = (action: string, more?: object) => gitlab.parse(on('Merge Request Hook'), mergeRequest(action, more));
    expect(parse('open')).toMatchObject({
      action: 'opened',
      number: 7,
      head: { branch: 'fast', sha: a },
      base: { branch: 'main' },
      fork: false,
      author: 'ada',
    });
    expect(parse('update', { oldrev: b })).toMatchObject({ action: 'updated' });
    expect(parse('update')).toMatchObject({ kind: 'ignored' });
    expect(parse('merge')).toMatchObject({ action: 'closed', merged: true });
    expect(parse('close')).toMatchObject({ action: 'closed', merged: false });
    expect(parse('open', { source_project_id: 2 })).toMatchObject({ fork: true });
    expect(parse('open', { source_project_id: null })).toMatchObject({ fork: true });
  });

  it('never throws', () => {
    const kinds = fc.constantFrom('Push Hook', 'Tag Push Hook', 'Merge Request Hook', 'x');
    fc.assert(
      fc.property(
        kinds,
        fc.jsonValue(),
        fc.dictionary(fc.string(), fc.string()),
        fc.uint8Array(),
        (kind, body, headers, raw) => {
          gitlab.parse({ ...headers, ...on(kind) }, body);
          gitlab.verify(headers, raw, 'secret');
          gitlab.deliveryId(headers);
        },
      ),
    );
  });
});
