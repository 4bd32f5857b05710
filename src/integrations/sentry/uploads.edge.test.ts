import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type ErrorsUnderTest, errorsUnderTest, eventually } from '../../../test/harness/errors-room.ts';
import { type SentryServer, serveSentry } from '../../../test/harness/sentry-server.ts';
import { zipOf } from '../../../test/harness/zip-of.ts';
import type { EventDetail, IssueSummary } from '../../errors/api.ts';
import { systemClock } from '../../kernel/clock.ts';
import { openLog } from '../../platform/observe/log.ts';
import { createSentryApi } from './index.ts';

let house: ErrorsUnderTest;
let server: SentryServer;

beforeEach(async () => {
  house = await errorsUnderTest();
  const { uploads, catalogue } = house.room;
  const log = openLog({ level: 'error' });
  server = await serveSentry([createSentryApi({ uploads, catalogue, clock: systemClock, log })], house.jane);
});
afterEach(async () => {
  await server.close();
  await house.close();
});

const call = async (method: string, path: string, body?: object, token?: string) => {
  const { status, json } = await server.call(method, path, body, token);
  return { status, body: json as Record<string, unknown> };
};
const sha1 = (bytes: Buffer): string => createHash('sha1').update(bytes).digest('hex');

/** As `sentry-cli sourcemaps upload` goes about it: what is missing, the chunks, again. */
async function upload(bundle: Buffer, more: object = {}): Promise<Record<string, unknown>> {
  const { body: options } = await call('GET', '/api/0/organizations/any/chunk-upload/');
  const chunks = [bundle.subarray(0, 100), bundle.subarray(100)];
  const order = { checksum: sha1(bundle), chunks: chunks.map(sha1), projects: ['shop'], ...more };
  const path = '/api/0/organizations/any/artifactbundle/assemble/';
  expect((await call('POST', path, order)).body).toMatchObject({ state: 'not_found', missingChunks: order.chunks });
  const form = new FormData();
  form.append('file', new Blob([new Uint8Array(chunks[0]!)]), order.chunks[0]);
  form.append('file_gzip', new Blob([new Uint8Array(gzipSync(chunks[1]!))]), order.chunks[1]);
  const sent = await fetch(String(options.url), {
    method: 'POST',
    headers: { authorization: 'Bearer dev' },
    body: form,
  });
  expect(sent.status).toBe(200);
  return (await call('POST', path, order)).body;
}

const map = JSON.stringify({
  version: 3,
  sources: ['../src/cart.ts'],
  names: ['total'],
  sourcesContent: ['export const a = 1;\nthrow new TypeError("no price");\n'],
  mappings: 'AACAA',
});
const debugId = 'c'.repeat(32);
const bundleOf = (headers: object): Buffer =>
  zipOf(
    {
      'manifest.json': JSON.stringify({
        files: {
          'files/_/_/assets/app.js': {
            type: 'minified_source',
            url: '~/assets/app.js',
            headers: { Sourcemap: 'app.js.map' },
          },
          'files/_/_/assets/app.js.map': { type: 'source_map', url: '~/assets/app.js.map', headers },
        },
      }),
      'files/_/_/assets/app.js': 'throw 1',
      'files/_/_/assets/app.js.map': map,
    },
    Buffer.from('SYSB\x02\0\0\0', 'latin1'),
  );
const crash = (name: string, more: object = {}): object => ({
  platform: 'javascript',
  release: 'web@1.0.0',
  exception: {
    values: [
      {
        type: 'TypeError',
        value: 'no price',
        stacktrace: {
          frames: [
            { function: name, filename: 'https://shop.example/assets/app.js', lineno: 1, colno: 3, in_app: true },
          ],
        },
      },
    ],
  },
  ...more,
});
const issues = (count: number): Promise<IssueSummary[]> =>
  eventually(`${count} events`, async () => {
    const { items } = await house.call<{ items: IssueSummary[] }>('listIssues', { query: { status: 'all' } });
    return items.reduce((sum, issue) => sum + issue.count, 0) === count && items;
  });
const send = (payload: object): Promise<void> => house.room.reception.accept([house.received(payload)]);
const latest = async (issueId: string): Promise<EventDetail> => {
  const { items } = await house.call<{ items: { id: string }[] }>('listIssueEvents', { params: { issueId } });
  return house.call<EventDetail>('getEvent', { params: { eventId: items[0]!.id } });
};

test('maps that come after their events: the page shows what was written, and later events join the same issue', async () => {
  const images = {
    debug_meta: { images: [{ type: 'sourcemap', code_file: 'https://shop.example/assets/app.js', debug_id: debugId }] },
  };
  await send(crash('e', images));
  const [issue] = await issues(1);
  expect((await latest(issue!.id)).exceptions[0]!.frames[0]).toMatchObject({
    file: 'https://shop.example/assets/app.js',
  });

  expect(await upload(bundleOf({ 'debug-id': debugId }))).toMatchObject({ state: 'ok' });
  const frame = await eventually('the frame is mapped', async () => {
    const first = (await latest(issue!.id)).exceptions[0]!.frames[0]!;
    return first.file === '../src/cart.ts' && first;
  });
  expect(frame.line).toBe(2);
  expect(frame.source.find((line) => line.current)?.text).toBe('throw new TypeError("no price");');
  await eventually('the issue knows the hashes with maps', async () => {
    const { items } = await house.call<{ items: object[] }>('listIssueHashes', { params: { issueId: issue!.id } });
    return items.length > 1;
  });
  // Another build calls the function otherwise; with its map it is the same error.
  await send(crash('t', images));
  const [same, ...others] = await issues(2);
  expect(others).toEqual([]);
  expect(same!.id).toBe(issue!.id);
});

test('maps by release and address, for events without debug ids; another release has none of them', async () => {
  expect(await upload(bundleOf({}), { version: 'web@1.0.0' })).toMatchObject({ state: 'ok' });
  await eventually('the map is used', async () => {
    await send(crash('e', { release: 'web@1.0.0' }));
    const { items } = await house.call<{ items: IssueSummary[] }>('listIssues');
    return items.some((issue) => issue.culprit.includes('cart'));
  });
  await send(crash('zzz', { release: 'web@2.0.0' }));
  await eventually('the other release is unmapped', async () => {
    const { items } = await house.call<{ items: IssueSummary[] }>('listIssues');
    return items.some((issue) => issue.culprit.includes('zzz'));
  });
});

test('releases: made, given commits and deploys, finished; and who may not is told', async () => {
  expect((await call('GET', '/api/0/', undefined, 'dev')).body).toMatchObject({ user: { name: 'ci' } });
  expect((await call('GET', '/api/0/', undefined, 'look')).status).toBe(200);
  expect((await call('GET', '/api/0/', undefined, 'nobody')).status).toBe(401);
  const releases = '/api/0/organizations/any/releases/';
  const made = await call('POST', releases, { version: 'web@1.0.0', projects: ['shop'] });
  expect(made).toMatchObject({ status: 201, body: { version: 'web@1.0.0', projects: [{ slug: 'shop' }] } });
  expect((await call('POST', releases, { version: 'x', projects: ['nothing'] })).status).toBe(404);
  expect((await call('POST', releases, { version: 'x', projects: ['shop'] }, 'look')).status).toBe(403);
  const one = `${releases}web%401.0.0/`;
  const commits = [
    { id: 'a'.repeat(40), message: 'fix', author_name: 'Jane', patch_set: [{ path: 'src/a.ts', type: 'M' }] },
  ];
  expect((await call('PUT', one, { commits })).body).toMatchObject({ commitCount: 1 });
  expect((await call('PUT', one, { dateReleased: '2026-01-10T00:00:00Z' })).body).toMatchObject({
    dateReleased: '2026-01-10T00:00:00.000Z',
    commitCount: 1,
  });
  expect((await call('POST', `${one}deploys/`, { environment: 'production' })).status).toBe(201);
  expect((await call('GET', one)).body).toMatchObject({ deployCount: 1 });
  expect(
    (await call('POST', '/api/0/organizations/any/artifactbundle/assemble/', { checksum: 'x', projects: ['shop'] }))
      .status,
  ).toBe(400);
});
