import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { github } from './index.ts';

const a = 'a'.repeat(40);
const b = 'b'.repeat(40);
const none = '0'.repeat(40);
const on = (event: string): Record<string, string> => ({ 'x-github-event': event });

const pullRequest = (action: string, headRepo: { id: number } | null = { id: 1 }) => ({
  action,
  number: 7,
  pull_request: {
    title: 'Faster',
    html_url: 'https://github.com/t/s/pull/7',
    merged: action === 'closed',
    user: { login: 'ada' },
    head: { ref: 'fast', sha: a, repo: headRepo },
    base: { ref: 'main', sha: b, repo: { id: 1 } },
  },
});

describe('GitHub deliveries', () => {
  it('believes a signed body only', () => {
    // The example of GitHub's own documentation.
    const body = Buffer.from('Hello, World!');
    const signature = 'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17';
    const secret = "It's a Secret to Everybody";
    expect(github.verify({ 'x-hub-signature-256': signature }, body, secret)).toBe(true);
    expect(github.verify({ 'x-hub-signature-256': signature }, Buffer.from('Hello, World?'), secret)).toBe(false);
    expect(github.verify({ 'x-hub-signature-256': signature }, body, 'other')).toBe(false);
    expect(github.verify({}, body, secret)).toBe(false);
    const old = `sha1=${createHmac('sha1', secret).update(body).digest('hex')}`;
    expect(github.verify({ 'x-hub-signature': old, 'x-hub-signature-256': old }, body, secret)).toBe(false);
  });

  it('reads pushes, new and deleted branches', () => {
    const push = (before: string, after: string) =>
      github.parse(on('push'), { ref: 'refs/heads/main', before, after, pusher: { name: 'ada' }, more: 1 });
    expect(push(a, b)).toEqual({ kind: 'push', ref: 'refs/heads/main', before: a, after: b, pusher: 'ada' });
    expect(push(none, b)).toMatchObject({ before: null });
    expect(push(a, none)).toMatchObject({ after: null });
  });

  it('reads pull requests, and tells forks', () => {
    expect(github.parse(on('pull_request'), pullRequest('synchronize'))).toEqual({
      kind: 'pull-request',
      action: 'updated',
      merged: false,
      number: 7,
      title: 'Faster',
      url: 'https://github.com/t/s/pull/7',
      head: { branch: 'fast', sha: a },
      base: { branch: 'main' },
      fork: false,
      author: 'ada',
    });
    expect(github.parse(on('pull_request'), pullRequest('opened', { id: 2 }))).toMatchObject({ fork: true });
    expect(github.parse(on('pull_request'), pullRequest('opened', null))).toMatchObject({ fork: true });
    expect(github.parse(on('pull_request'), pullRequest('closed'))).toMatchObject({ action: 'closed', merged: true });
    expect(github.parse(on('pull_request'), pullRequest('labeled'))).toEqual({
      kind: 'ignored',
      what: 'pull_request labeled',
    });
  });

  it('answers pings and never throws', () => {
    expect(github.parse(on('ping'), { zen: 'x' })).toEqual({ kind: 'ping' });
    expect(github.parse(on('star'), {})).toEqual({ kind: 'ignored', what: 'star' });
    expect(github.parse({}, {})).toBeUndefined();
    const kinds = fc.constantFrom('push', 'pull_request', 'ping', 'x');
    fc.assert(
      fc.property(
        kinds,
        fc.jsonValue(),
        fc.dictionary(fc.string(), fc.string()),
        fc.uint8Array(),
        (kind, body, headers, raw) => {
          github.parse({ ...headers, ...on(kind) }, body);
          github.verify(headers, raw, 'secret');
          github.deliveryId(headers);
        },
      ),
    );
  });
});
