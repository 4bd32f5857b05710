import { execFile, spawn } from 'node:child_process';
import { createHmac, randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Client } from '../../src/client/index.ts';
import {
  eventually,
  type RunningMillrace,
  removeDirectory,
  startMillrace,
  temporaryDirectory,
} from '../harness/millrace.ts';

const run = promisify(execFile);
const zeros = '0'.repeat(40);
const pipeline = `version: 2.1
jobs: { check: { machine: true, steps: [checkout, { run: cat said }] } }
workflows: { all: { jobs: [check] } }
`;

type ForgeName = 'github' | 'gitlab' | 'gitea';
interface Delivery {
  headers: Record<string, string>;
  body: object;
}
interface Push {
  before: string;
  after: string;
  id: string;
}

const hmac = (secret: string, body: string): string => createHmac('sha256', secret).update(body).digest('hex');

/** What each forge sends of a push, and how it proves that it is the forge. */
const forges: Record<
  ForgeName,
  { push(push: Push): Delivery; proof(secret: string, body: string): Record<string, string> }
> = {
  github: {
    push: ({ before, after, id }) => ({
      headers: { 'x-github-event': 'push', 'x-github-delivery': id, 'user-agent': 'GitHub-Hookshot/1' },
      body: {
        ref: 'refs/heads/main',
        before,
        after,
        created: false,
        deleted: false,
        forced: false,
        repository: { id: 1, full_name: 'bird/nest' },
        pusher: { name: 'octocat', email: 'octocat@example.test' },
      },
    }),
    proof: (secret, body) => ({ 'x-hub-signature-256': `sha256=${hmac(secret, body)}` }),
  },
  gitlab: {
    push: ({ before, after, id }) => ({
      headers: { 'x-gitlab-event': 'Push Hook', 'x-gitlab-event-uuid': id, 'idempotency-key': id },
      body: {
        object_kind: 'push',
        event_name: 'push',
        ref: 'refs/heads/main',
        before,
        after,
        checkout_sha: after,
        user_name: 'Tanuki',
        user_username: 'octocat',
        project: { id: 7, path_with_namespace: 'bird/nest' },
        total_commits_count: 1,
      },
    }),
    proof: (secret) => ({ 'x-gitlab-token': secret }),
  },
  gitea: {
    push: ({ before, after, id }) => ({
      headers: { 'x-gitea-event': 'push', 'x-gitea-event-type': 'push', 'x-gitea-delivery': id },
      body: {
        ref: 'refs/heads/main',
        before,
        after,
        compare_url: '',
        repository: { id: 3, full_name: 'bird/nest' },
        pusher: { id: 1, login: 'octocat', username: 'octocat' },
      },
    }),
    proof: (secret, body) => ({ 'x-gitea-signature': hmac(secret, body) }),
  },
};

/** Serves the bare repositories below a directory as a forge does: git's own program behind HTTP. */
function gitServer(root: string): Server {
  return createServer((request: IncomingMessage, response: ServerResponse) => {
    const url = new URL(request.url ?? '/', 'http://forge');
    const backend = spawn('git', ['http-backend'], {
      env: {
        PATH: process.env.PATH,
        GIT_PROJECT_ROOT: root,
        GIT_HTTP_EXPORT_ALL: '1',
        GIT_CONFIG_COUNT: '1',
        GIT_CONFIG_KEY_0: 'safe.directory',
        GIT_CONFIG_VALUE_0: '*',
        GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
        REQUEST_METHOD: request.method,
        PATH_INFO: url.pathname,
        QUERY_STRING: url.search.slice(1),
        CONTENT_TYPE: request.headers['content-type'] ?? '',
        ...(request.headers['content-encoding'] ? { HTTP_CONTENT_ENCODING: request.headers['content-encoding'] } : {}),
      },
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    request.pipe(backend.stdin);
    backend.stdin.on('error', () => {});
    let head: Buffer = Buffer.alloc(0);
    let begun = false;
    backend.stdout.on('data', (chunk: Buffer) => {
      if (begun) return void response.write(chunk);
      head = Buffer.concat([head, chunk]);
      const end = head.indexOf('\r\n\r\n');
      if (end === -1) return;
      begun = true;
      for (const line of head.subarray(0, end).toString().split('\r\n')) {
        const [name = '', value = ''] = line.split(': ');
        if (name === 'Status') response.statusCode = Number.parseInt(value, 10);
        else response.setHeader(name, value);
      }
      response.write(head.subarray(end + 4));
    });
    backend.stdout.on('end', () => response.end());
  });
}

/** Repositories that live at a forge: its webhooks start runs here, and nobody else's do. */
describe('a repository at a forge', () => {
  let directory: string;
  let work: string;
  let forge: Server;
  let forgeUrl: string;
  let millrace: RunningMillrace;
  let client: Client;

  async function git(...argv: string[]): Promise<string> {
    const config = ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.test', '-c', 'core.fsync=none'];
    return (await run('git', [...config, '-C', work, ...argv])).stdout.trim();
  }

  /** A commit on main of every forge's repository, which none of them has told of yet. */
  async function commit(said: string): Promise<string> {
    await writeFile(join(work, 'said'), `${said}\n`);
    await git('add', '-A');
    await git('commit', '-q', '-m', `Say ${said}`);
    for (const name of Object.keys(forges)) await git('push', '-q', join(directory, `${name}.git`), 'HEAD:main');
    return git('rev-parse', 'HEAD');
  }

  beforeAll(async () => {
    directory = await temporaryDirectory();
    work = join(directory, 'work');
    await mkdir(join(work, '.circleci'), { recursive: true });
    await writeFile(join(work, '.circleci', 'config.yml'), pipeline);
    await git('init', '-q', '-b', 'main');
    for (const name of Object.keys(forges)) await run('git', ['init', '-q', '--bare', join(directory, `${name}.git`)]);
    forge = gitServer(directory);
    await new Promise<void>((resolve) => forge.listen(0, '127.0.0.1', resolve));
    forgeUrl = `http://127.0.0.1:${(forge.address() as AddressInfo).port}`;
    millrace = await startMillrace({ env: { MILLRACE_RUNTIME: 'process' } });
    ({ client } = await millrace.owner());
  });

  afterAll(async () => {
    await millrace?.stop();
    forge?.closeAllConnections();
    await new Promise((resolve) => forge.close(resolve));
    if (millrace) await removeDirectory(millrace.dataDir);
    await removeDirectory(directory);
  });

  it.each(Object.keys(forges) as ForgeName[])('of %s is built when its webhook says so, signed', async (name) => {
    const { push, proof } = forges[name];
    const before = await commit(`${name} one`);
    await client.projects.create({ body: { name, slug: name } });
    const { webhookUrl, webhookSecret } = await client.projects.connectRemote({
      params: { project: name },
      body: { forge: name, url: `${forgeUrl}/${name}.git` },
    });
    expect(webhookUrl.startsWith(`${millrace.url}/hooks/${name}/`)).toBe(true);
    const runs = async () => (await client.pipelines.listRuns({ query: { project: name } })).items;
    const built = (sha: string) =>
      eventually(
        `a run of ${sha}`,
        async () => (await runs()).find((one) => one.sha === sha && one.status === 'success'),
        120_000,
      );
    await client.projects.sync({ params: { project: name } });
    await built(before);

    const after = await commit(`${name} two`);
    const id = randomUUID();
    const { headers, body } = push({ before, after, id });
    const deliver = async (how: Record<string, string>, text = JSON.stringify(body), address = webhookUrl) => {
      const sent = { method: 'POST', headers: { 'content-type': 'application/json', ...headers, ...how }, body: text };
      const answer = await fetch(address, sent);
      return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
    };
    const text = JSON.stringify(body);
    const refused = { status: 403, body: { code: 'projects.hook-signature', detail: 'The signature does not match' } };
    expect(await deliver(proof('a guess that is as long as one', text))).toMatchObject(refused);
    expect(await deliver({})).toMatchObject(refused);
    // A body that was changed on its way; GitLab's token proves the sender only.
    const changed = JSON.stringify({ ...body, after: zeros });
    if (name !== 'gitlab') expect(await deliver(proof(webhookSecret, text), changed)).toMatchObject(refused);
    const elsewhere = webhookUrl.replace(/[^/]+$/, randomUUID());
    expect(await deliver(proof(webhookSecret, text), text, elsewhere)).toMatchObject(refused);
    expect((await runs()).map((one) => one.sha)).toEqual([before]);

    expect(await deliver(proof(webhookSecret, text))).toMatchObject({ status: 202 });
    const started = await built(after);
    expect(started).toMatchObject({
      branch: 'main',
      sha: after,
      commit: { message: expect.stringContaining(`${name} two`) },
    });
    // The forge sends again what it did not see answered: nothing runs a second time.
    expect(await deliver(proof(webhookSecret, text))).toMatchObject({ body: { outcome: 'known already' } });
    expect((await runs()).map((one) => one.sha)).toEqual([after, before]);
    const { items } = await client.insights.listEvents({
      query: { projectId: started.projectId, types: 'projects.push.', limit: 10 },
    });
    expect(items[0]!.data).toMatchObject({ source: 'remote', branch: 'main', after, pusher: { name: 'octocat' } });
  });
});
