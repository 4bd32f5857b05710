import { execFile } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Foundation, startFoundation } from '../../test/harness/foundation.ts';
import type { EventEnvelope } from '../kernel/events.ts';
import { system } from '../kernel/events.ts';
import { readEventsAfter } from '../platform/events/log.ts';
import type { Project } from './index.ts';

/** A mirror of a repository that another project of the same server serves over real HTTP. */
let test: Foundation;
let upstream: Project;
let mirror: Project;
let work: string;
let webhookSecret: string;
const run = promisify(execFile);
const actor = system('test');

async function git(...argv: string[]): Promise<string> {
  const identity = ['-c', 'user.name=Bob', '-c', 'user.email=bob@example.org'];
  return (await run('git', [...identity, '-C', work, ...argv])).stdout.trim();
}

async function commit(content: string): Promise<string> {
  await writeFile(join(work, 'a.txt'), content);
  await git('add', '-A');
  await git('commit', '-q', '-m', `Say ${content}`);
  return git('rev-parse', 'HEAD');
}

async function events(...types: string[]): Promise<EventEnvelope<string, Record<string, unknown>>[]> {
  const found = await readEventsAfter(test.database, 0, { types, projectId: mirror.id });
  return found as EventEnvelope<string, Record<string, unknown>>[];
}

function deliver(event: string, body: object, options: { secret?: string; id?: string } = {}) {
  const raw = JSON.stringify(body);
  const signature = createHmac('sha256', options.secret ?? webhookSecret)
    .update(raw)
    .digest('hex');
  return test.app.inject({
    method: 'POST',
    url: `/hooks/github/${mirror.id}`,
    payload: raw,
    headers: {
      'content-type': 'application/json',
      'x-github-event': event,
      'x-github-delivery': options.id ?? 'first',
      'x-hub-signature-256': `sha256=${signature}`,
    },
  });
}

beforeAll(async () => {
  test = await startFoundation();
  upstream = await test.projects.create({ name: 'upstream' }, actor);
  mirror = await test.projects.create({ name: 'mirror' }, actor);
  work = join(test.directory, 'work');
  await mkdir(work);
  await git('init', '-q', '-b', 'trunk');
  const url = test.url.replace('http://', `http://x:${await test.token('developer')}@`);
  await git('remote', 'add', 'origin', `${url}/git/upstream.git`);
  await commit('one');
  await git('push', '-q', 'origin', 'trunk', 'trunk:old-1', 'trunk:old-2');
});
afterAll(() => test?.close());

describe('a mirror', () => {
  it('needs the token that its remote asks for, and says so once', async () => {
    const remote = { forge: 'github', url: `${test.url}/git/upstream.git`, tokenSecret: 'FORGE_TOKEN' } as const;
    ({ webhookSecret } = await test.projects.connectRemote(mirror.id, remote, actor));
    await expect(test.projects.sync(mirror.id, 'Ada')).rejects.toMatchObject({ code: 'projects.remote-token' });
    await test.secrets.set({ projectId: mirror.id, name: 'FORGE_TOKEN', value: 'mr_wrong' }, actor);
    await expect(test.projects.sync(mirror.id, 'Ada')).rejects.toMatchObject({ code: 'git.remote' });
    expect(await events('projects.remote.sync-failed')).toHaveLength(1);
    const token = await test.token('viewer', ['projects:read']);
    await test.secrets.set({ projectId: mirror.id, name: 'FORGE_TOKEN', value: token }, actor);
  });

  it('takes over what is there, and tells of the default branch only', async () => {
    await test.projects.sync(mirror.id, 'Ada');
    expect((await test.projects.get(mirror.id)).defaultBranch).toBe('trunk');
    const told = await events('projects.push.received');
    expect(told.map((event) => event.data.branch)).toEqual(['trunk']);
    expect(await test.projects.resolve(mirror.id, 'old-1')).toBe(await git('rev-parse', 'HEAD'));
    await test.projects.sync(mirror.id, 'Ada');
    expect(await events('projects.push.received')).toHaveLength(1);
  });

  it('keeps no credentials in its repository', async () => {
    const config = await run('git', ['-C', test.projects.repositoryPath(mirror.id), 'config', '--list', '--local']);
    expect(config.stdout).not.toMatch(/mr_|extraheader|url/i);
  });

  it('follows a signed webhook, once', async () => {
    const before = await git('rev-parse', 'HEAD');
    const after = await commit('two');
    await git('push', '-q', 'origin', 'trunk', ':old-1');
    const body = { ref: 'refs/heads/trunk', before, after, pusher: { name: 'octocat' } };
    expect((await deliver('push', body, { secret: 'guess' })).statusCode).toBe(403);
    test.startLoop('projects.deliveries');
    expect((await deliver('push', body)).statusCode).toBe(202);
    await expect.poll(() => events('projects.push.received'), { timeout: 20_000 }).toHaveLength(3);
    const [, ...told] = await events('projects.push.received');
    expect(told.map(({ data }) => [data.branch, data.before, data.after, data.source]).sort()).toEqual([
      ['old-1', before, null, 'remote'],
      ['trunk', before, after, 'remote'],
    ]);
    expect(told[0]!.data.pusher).toEqual({ personId: null, name: 'octocat' });
    expect((await deliver('push', body)).json()).toEqual({ outcome: 'known already' });
  });

  it('fetches the head of a pull request and tells of it, without building a replay again', async () => {
    await git('checkout', '-q', '-b', 'feature');
    const sha = await commit('three');
    // As a forge does it: the commit is there, under a ref that cannot be pushed.
    const bare = test.projects.repositoryPath(upstream.id);
    await git('push', '-q', bare, `feature:refs/pull/7/head`);
    const side = (ref: string, id: number) => ({ ref, sha, repo: { id } });
    const body = {
      action: 'opened',
      number: 7,
      pull_request: {
        title: 'Three',
        html_url: 'https://github.com/t/s/pull/7',
        user: { login: 'mallory' },
        head: side('feature', 2),
        base: side('trunk', 1),
      },
    };
    expect((await deliver('pull_request', body, { id: 'pr' })).statusCode).toBe(202);
    await expect.poll(() => events('projects.pull-request.updated'), { timeout: 20_000 }).toHaveLength(1);
    const [told] = await events('projects.pull-request.updated');
    expect(told!.data).toMatchObject({ number: 7, fork: true, author: 'mallory', head: { branch: 'feature', sha } });
    expect((await test.projects.commit(mirror.id, sha))?.message).toBe('Say three');
    expect((await deliver('pull_request', body, { id: 'replayed' })).json()).toEqual({ outcome: 'known already' });
    // A pull request's head is no branch: nothing is told as a push.
    expect(await events('projects.push.received')).toHaveLength(3);
  });

  it('answers what it does not understand, whatever comes', async () => {
    expect((await deliver('ping', {})).json()).toEqual({ outcome: 'pong' });
    expect((await deliver('star', {})).json()).toEqual({ outcome: 'ignored: star' });
    expect((await deliver('push', { ref: 1 })).statusCode).toBe(400);
    const unknown = await test.app.inject({ method: 'POST', url: '/hooks/github/nonsense', payload: {} });
    expect(unknown.statusCode).toBe(403);
    const otherForge = await test.app.inject({
      method: 'POST',
      url: `/hooks/gitlab/${mirror.id}`,
      payload: '{}',
      headers: { 'x-gitlab-token': webhookSecret, 'x-gitlab-event': 'Push Hook' },
    });
    expect(otherForge.statusCode).toBe(403);
  });

  it('takes no pushes', async () => {
    const url = test.url.replace('http://', `http://x:${await test.token('owner')}@`);
    const refused = git('push', `${url}/git/mirror.git`, 'feature').catch((error: { stderr: string }) => error.stderr);
    expect(await refused).toContain('This project mirrors');
  });

  it('believes the same webhook after the key was rotated', async () => {
    await test.keyring.rotate();
    expect(await test.projects.resealSecrets()).toBe(1);
    expect(await test.projects.resealSecrets()).toBe(0);
    expect((await deliver('ping', {})).statusCode).toBe(200);
  });
});

describe('the API of projects', () => {
  const call = async (
    method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE',
    path: string,
    body?: object,
    etag?: string,
  ) => {
    const headers = { authorization: `Bearer ${await test.token('owner')}`, ...(etag ? { 'if-match': etag } : {}) };
    const payload = body ? { payload: body } : {};
    const response = await test.app.inject({ method, url: `/api/v1/projects${path}`, headers, ...payload });
    return { status: response.statusCode, headers: response.headers, body: response.json() };
  };

  it('shows, changes and deletes', async () => {
    const made = await call('POST', '', { name: 'My Shop' });
    expect([made.status, made.body.slug]).toEqual([201, 'my-shop']);
    expect(made.body.dsn).toMatch(/^http:\/\/[0-9a-f]{32}@127\.0\.0\.1:\d+\/\d+$/);
    expect((await call('POST', '', { name: 'My Shop' })).body.code).toBe('projects.slug-taken');
    expect((await call('POST', '', { name: 'Settings' })).body.code).toBe('projects.slug-reserved');
    const seen = await call('GET', '/my-shop');
    const changed = await call('PATCH', '/my-shop', { name: 'Shop' }, String(seen.headers.etag));
    expect([changed.status, changed.body.version]).toEqual([200, 2]);
    const stale = await call('PATCH', '/my-shop', { name: 'Shop 2' }, String(seen.headers.etag));
    expect(stale.status).toBe(412);
    const { publicKey, ingestId } = await test.projects.keyFor(made.body.id);
    expect((await test.projects.projectByIngest(ingestId, publicKey))?.slug).toBe('my-shop');
    expect(await test.projects.projectByIngest(ingestId + 1, publicKey)).toBeUndefined();
    expect((await call('DELETE', '/my-shop')).status).toBe(200);
    expect((await call('GET', '/my-shop')).status).toBe(404);
  });

  it('reads repositories', async () => {
    const head = (await test.projects.resolve(upstream.id, 'trunk'))!;
    const tree = await call('GET', '/upstream/tree?ref=trunk');
    expect(tree.body).toMatchObject({ sha: head, items: [{ name: 'a.txt', kind: 'file', size: 3 }] });
    expect((await call('GET', '/upstream/file?path=a.txt')).body).toMatchObject({ content: 'two', binary: false });
    expect((await call('GET', '/upstream/file?path=../secret')).status).toBe(400);
    expect((await call('GET', '/upstream/file?path=none')).status).toBe(404);
    const first = await call('GET', '/upstream/commits?limit=1');
    expect(first.body.items.map((each: { subject: string }) => each.subject)).toEqual(['Say two']);
    const second = await call('GET', `/upstream/commits?limit=1&cursor=${first.body.next}`);
    expect(second.body).toMatchObject({ items: [{ subject: 'Say one' }], next: null });
    expect((await call('GET', `/upstream/commits/${head.slice(0, 9)}`)).body.changedFiles).toEqual(['a.txt']);
    const compared = await call('GET', '/upstream/compare?from=old-2&to=trunk');
    expect(compared.body).toMatchObject({ commits: [{ sha: head }], changedFiles: ['a.txt'] });
    expect((await call('GET', '/upstream/commits?ref=--output=x')).status).toBe(400);
    expect((await call('GET', '/upstream/refs')).body.items).toHaveLength(2);
  });
});
