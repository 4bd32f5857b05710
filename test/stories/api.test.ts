import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { contracts } from '../../src/app/contracts.ts';
import type { Client } from '../../src/client/index.ts';
import { newId } from '../../src/kernel/ids.ts';
import { openDatabase } from '../../src/platform/postgres/database.ts';
import { sql } from '../../src/platform/postgres/sql.ts';
import {
  eventually,
  type RunningMillrace,
  removeDirectory,
  startMillrace,
  temporaryDirectory,
} from '../harness/millrace.ts';
import { createSmallProject, type SmallProject } from '../harness/small-project.ts';

/** The API of the whole program, as a client of one's own would use it. */
let dataDir: string;
let millrace: RunningMillrace;
let client: Client;
let token: string;
let project: SmallProject;

const start = (port?: number): Promise<RunningMillrace> =>
  startMillrace({ dataDir, env: { MILLRACE_RUNTIME: 'process' }, ...(port === undefined ? {} : { port }) });

beforeAll(async () => {
  dataDir = await temporaryDirectory();
  millrace = await start();
  ({ client, token } = await millrace.owner());
  project = await createSmallProject({ client, token, url: millrace.url });
});
afterAll(async () => {
  await project?.remove();
  await millrace?.stop();
  await removeDirectory(dataDir);
});

interface Answer {
  status: number;
  headers: Headers;
  body: Record<string, unknown> & { id?: string; items?: { id: string }[]; next?: string | null };
}
async function call(
  method: string,
  path: string,
  body?: object,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const answer = await fetch(`${millrace.url}/api/v1${path}`, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      ...(body ? { 'content-type': 'application/json' } : {}),
      ...headers,
    },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  return { status: answer.status, headers: answer.headers, body: (await answer.json()) as Answer['body'] };
}

const check = (name: string) => ({ name, target: { kind: 'tcp', host: '127.0.0.1', port: 9 }, enabled: false });

it('gives what people edit an ETag, and refuses a change of what changed meanwhile', async () => {
  const path = `/projects/${project.slug}`;
  const seen = (await call('GET', path)).headers.get('etag')!;
  expect(seen).toMatch(/^"\d+"$/);
  const mine = await call('PATCH', path, { name: 'Mine' }, { 'if-match': seen });
  expect(mine.status).toBe(200);
  const late = await call('PATCH', path, { name: 'Late' }, { 'if-match': seen });
  expect(late).toMatchObject({ status: 412, body: { code: 'projects.stale', status: 412 } });
  expect(late.headers.get('content-type')).toContain('application/problem+json');
  const now = await call('GET', path);
  expect(now.body.name).toBe('Mine');
  const known = await fetch(`${millrace.url}/api/v1${path}`, {
    headers: { authorization: `Bearer ${token}`, 'if-none-match': now.headers.get('etag')! },
  });
  expect(known.status).toBe(304);
});

it('pages through a list by cursor, each item once, while others are added', async () => {
  for (let n = 0; n < 7; n += 1) await call('POST', '/monitoring/checks', check(`check ${n}`));
  const seen: string[] = [];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const page: Answer = await call('GET', `/monitoring/checks?limit=3${cursor && `&cursor=${cursor}`}`);
    seen.push(...page.body.items!.map((item) => item.id));
    cursor = page.body.next ?? null;
    if (seen.length === 3) await call('POST', '/monitoring/checks', check('a latecomer'));
  }
  expect(new Set(seen).size).toBe(seen.length);
  expect(seen.length).toBeGreaterThanOrEqual(7);
});

it('creates once for a key: the work and the record of its key are one transaction', async () => {
  const commit = await project.commit('v1');
  await project.push();
  const deployed = await eventually(
    'production serves',
    async () => {
      const { items } = await client.deployments.listEnvironments({ query: { project: project.slug } });
      const production = items.find((each) => each.name === 'production');
      const staging = items.find((each) => each.name === 'staging');
      const good = [production, staging].every((each) => each?.lastGood && !each.active && each.waiting.length === 0);
      return good && production && staging && { production, staging };
    },
    300_000,
  );
  const [run] = (await client.pipelines.listRuns({ query: { project: project.slug } })).items;
  const [job] = (await client.pipelines.getRun({ params: { id: run!.id } })).jobs;
  const { production, staging } = deployed;
  const release = production.release!.id;
  const condition = {
    nrql: 'SELECT count(*) FROM ErrorEvent',
    operator: 'above',
    threshold: 1,
    windowSeconds: 60,
    evaluateEverySeconds: 60,
    enabled: false,
  };
  const bodies: Record<string, (name: string) => { path: string; body: object }> = {
    'identity.invite': (name) => ({ path: '', body: { email: `${name}@example.org`, role: 'viewer' } }),
    'identity.createToken': (name) => ({ path: '', body: { name, scopes: null } }),
    'projects.create': (name) => ({ path: '', body: { name } }),
    'monitoring.createCheck': (name) => ({ path: '', body: check(name) }),
    'pipelines.startRun': () => ({ path: project.slug, body: { ref: 'main' } }),
    'pipelines.rerun': () => ({ path: run!.id, body: { from: 'start' } }),
    'pipelines.rerunForShell': () => ({ path: job!.id, body: {} }),
    'secrets.createContext': (name) => ({ path: '', body: { name } }),
    'alerts.createCondition': (name) => ({ path: '', body: { name, ...condition } }),
    'alerts.createChannel': (name) => ({
      path: '',
      body: { name, settings: { kind: 'webhook', url: 'http://127.0.0.1:9/' }, enabled: false },
    }),
    'dashboards.createDashboard': (name) => ({ path: '', body: { document: { name, pages: [{ widgets: [] }] } } }),
    'deployments.deploy': () => ({ path: production.id, body: { releaseId: release } }),
    'deployments.promote': () => ({ path: staging.id, body: {} }),
    'deployments.rollBack': () => ({ path: production.id, body: { releaseId: release } }),
    'deployments.cutRelease': () => ({ path: project.slug, body: { ref: commit } }),
  };
  const creating = contracts.flatMap(({ room, operations }) =>
    Object.entries(operations)
      .filter(([, operation]) => operation.creates)
      .map(([name, operation]) => ({ name: `${room}.${name}`, operation })),
  );
  expect(creating.map(({ name }) => name).sort()).toEqual(Object.keys(bodies).sort());

  const database = openDatabase(
    `postgres://millrace@/millrace?host=${encodeURIComponent(join(dataDir, 'postgres', 'socket'))}`,
  );
  const wrong: string[] = [];
  try {
    for (const { name, operation } of creating) {
      const key = newId();
      const { path, body } = bodies[name]!(`thing-${key.slice(-6)}`);
      const url = operation.path.replace(/:\w+/, path);
      const ask = () => call(operation.method, url, body, { 'idempotency-key': key });
      const first = await ask();
      const again = await ask();
      // One transaction wrote both: no kill -9 can fall between what was made and the record of its key.
      const together = await database.first<{ facts: number }>(sql`
        select count(*)::int as facts from platform_events fact, platform_idempotency kept
        where kept.key = ${key} and fact.xid::text = kept.xmin::text`);
      if (first.status !== 201 || together?.facts === 0)
        wrong.push(`${name}: ${JSON.stringify(first.body)}, ${together?.facts} facts`);
      const replayed = operation.reveals ? again.status === 409 : again.headers.get('idempotent-replayed') === 'true';
      if (!replayed) wrong.push(`${name} again: ${again.status}`);
      if (!operation.reveals && !isDeepStrictEqual(again.body, first.body)) wrong.push(`${name}: another answer`);
    }
  } finally {
    await database.close();
  }
  expect(wrong).toEqual([]);
});

it('describes itself: an OpenAPI 3.1 document that holds together, and a page that needs nothing from elsewhere', async () => {
  const document = (await call('GET', '/openapi.json')).body as unknown as {
    openapi: string;
    paths: Record<
      string,
      Record<string, { operationId: string; parameters: { name: string; in: string; schema: object }[] }>
    >;
  };
  expect(document.openapi).toMatch(/^3\.1\./);
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.values(methods).map((operation) => ({ path, operation })),
  );
  const ids = operations.map(({ operation }) => operation.operationId);
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids.toSorted()).toEqual(
    contracts.flatMap(({ room, operations: own }) => Object.keys(own).map((name) => `${room}.${name}`)).toSorted(),
  );
  for (const { path, operation } of operations) {
    const named = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]);
    const declared = operation.parameters.filter((one) => one.in === 'path').map((one) => one.name);
    expect(declared.toSorted(), path).toEqual(named.toSorted());
  }
  const text = JSON.stringify(document);
  for (const [, pointer] of text.matchAll(/"\$ref":"#([^"]+)"/g)) {
    const target = pointer!
      .split('/')
      .slice(1)
      .reduce<unknown>((at, key) => (at as Record<string, unknown>)?.[key], document);
    expect(target, pointer).toBeTypeOf('object');
  }
  const page = await (await fetch(`${millrace.url}/api/v1/docs`)).text();
  expect(page).toContain('Create a project');
  expect(page.match(/(?:src|href)="(?:https?:)?\/\/[^"]*/g)).toBeNull();
  expect(page.match(/@import|url\(|<script src/g)).toBeNull();
});

it('sends live events, and goes on where a reader was when the server comes back', async () => {
  const follow = async (last: string | undefined, until: (types: string[]) => boolean) => {
    const abort = new AbortController();
    const answer = await fetch(`${millrace.url}/api/v1/events/stream?types=projects.`, {
      headers: { authorization: `Bearer ${token}`, ...(last === undefined ? {} : { 'last-event-id': last }) },
      signal: abort.signal,
    });
    expect(answer.headers.get('content-type')).toContain('text/event-stream');
    const seen: { id: string; name: string }[] = [];
    let text = '';
    const reading = (async () => {
      for await (const chunk of answer.body!) {
        text += Buffer.from(chunk).toString();
        const parts = text.split('\n\n');
        text = parts.pop()!;
        for (const part of parts) {
          const id = /^id: (.*)$/m.exec(part)?.[1];
          const data = /^data: (.*)$/m.exec(part)?.[1];
          if (id && data) seen.push({ id, name: (JSON.parse(data) as { data: { name?: string } }).data.name ?? '' });
        }
        if (until(seen.map((one) => one.name))) break;
      }
      abort.abort();
      return seen;
    })().catch((error: Error) => {
      if (error.name !== 'AbortError') throw error;
      return seen;
    });
    return { seen, reading, stop: () => abort.abort() };
  };
  const create = (name: string) => call('POST', '/projects', { name });

  const first = await follow(undefined, (names) => names.includes('live two'));
  await create('Live one'.toLowerCase());
  await create('live two');
  const heard = await first.reading;
  expect(heard.map((one) => one.name).filter(Boolean)).toEqual(['live one', 'live two']);

  // It was at "live one" when the server went away; "live two" and what came since is told, each once and in order.
  const resumeAt = heard.find((one) => one.name === 'live one')!.id;
  const { port } = new URL(millrace.url);
  await create('live three');
  await millrace.kill();
  millrace = await start(Number(port));
  const second = await follow(resumeAt, (names) => names.includes('live four'));
  await create('live four');
  const names = (await second.reading).map((one) => one.name).filter(Boolean);
  expect(names).toEqual(['live two', 'live three', 'live four']);
});
