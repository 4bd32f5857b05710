import { execFile } from 'node:child_process';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { browserThere, launchBrowser } from '../../../test/harness/browser.ts';
import { serveBuiltPage } from '../../../test/harness/built-page.ts';
import { type ErrorsUnderTest, errorsUnderTest, eventually } from '../../../test/harness/errors-room.ts';
import { readRecording, recordingOf } from '../../../web/rooms/errors/replay-recording.ts';
import type { EventDetail, IssueSummary } from '../../errors/api.ts';
import { readFile } from '../../errors/read-items.ts';
import { systemClock } from '../../kernel/clock.ts';
import { createIntakeServer } from '../../platform/http/server.ts';
import { openLog } from '../../platform/observe/log.ts';
import { createSentryIntake } from './index.ts';

const run = promisify(execFile);
const fixture = (name: string): string =>
  fileURLToPath(new URL(`../../../test/fixtures/sentry/${name}`, import.meta.url));

let house: ErrorsUnderTest;
let server: FastifyInstance;
let port: number;

beforeAll(async () => {
  house = await errorsUnderTest();
  const log = openLog({ level: 'error' });
  const telemetry = { write: async () => {} };
  server = await createIntakeServer({
    log,
    intakes: [createSentryIntake({ reception: house.room.reception, telemetry, clock: systemClock, log })],
  });
  await server.listen({ host: '127.0.0.1', port: 0 });
  port = (server.server.address() as AddressInfo).port;
});
afterAll(async () => {
  await server.close();
  await house.close();
});

const issueOf = (type: string): Promise<IssueSummary> =>
  eventually(type, async () => {
    const { items } = await house.call<{ items: IssueSummary[] }>('listIssues', { query: { search: `type:${type}` } });
    return items[0];
  });

async function latestOf(issue: IssueSummary): Promise<EventDetail> {
  const { items } = await house.call<{ items: { id: string }[] }>('listIssueEvents', { params: { issueId: issue.id } });
  return house.call<EventDetail>('getEvent', { params: { eventId: items[0]!.id } });
}

test('@sentry/node in a Fastify application: the route, the request, and no secrets', async () => {
  const { stdout } = await run(process.execPath, ['--import', '@sentry/node/import', fixture('fastify.mjs')], {
    env: {
      PATH: process.env.PATH,
      SENTRY_DSN: `http://k@127.0.0.1:${port}/services/orders/1`,
      SENTRY_RELEASE: 'r7-abcdef0',
      SENTRY_ENVIRONMENT: 'production',
    },
  });
  expect(stdout.trim()).toBe('500');
  const issue = await issueOf('TypeError');
  expect(issue).toMatchObject({
    title: 'TypeError: order 4711 has no lines',
    service: 'orders',
    firstRelease: 'r7-abcdef0',
    environment: 'production',
  });
  const event = await latestOf(issue);
  expect(event.transaction).toBe('GET /orders/:id');
  expect(event.request).toMatchObject({ method: 'GET', url: expect.stringContaining('/orders/4711') });
  expect(event.tags).toContainEqual({ key: 'order', value: '4711' });
  expect(event.exceptions[0]!.frames.find((frame) => frame.inApp)).toMatchObject({
    file: expect.stringContaining('fastify.mjs'),
  });
  expect(event.request?.query).toBe('token=[Filtered]');
});

test.skipIf(!browserThere())('@sentry/react: what a component threw, with the components it was in', async () => {
  const page = await serveBuiltPage(fixture('react.js'), '<div id="root"></div>', `http://k@127.0.0.1:${port}/1`);
  const browser = await launchBrowser();
  try {
    const tab = await browser.newPage();
    await tab.goto(page.url);
    await tab.click('button');
    await tab.waitForSelector('#fallback');
    const issue = await issueOf('RangeError');
    expect(issue).toMatchObject({ title: 'RangeError: the basket is gone', firstRelease: 'shop-web@2.0.0' });
    const event = await latestOf(issue);
    expect(event.contexts.find(({ name }) => name === 'react')).toBeDefined();
    expect(event.breadcrumbs.map((crumb) => crumb.category)).toContain('ui.click');
    expect(event.sdk?.name).toContain('react');
  } finally {
    await browser.close();
    page.close();
  }
});

test.skipIf(!browserThere())('the replay of @sentry/browser: its parts come with the event, and play', async () => {
  const html = '<h1>Basket</h1><input aria-label="Card" value="4111 1111"><button>Pay</button>';
  const page = await serveBuiltPage(fixture('replay.js'), html, `http://k@127.0.0.1:${port}/1`);
  const player = await serveBuiltPage(fixture('player.js'), '<div id="root"></div>', '');
  const browser = await launchBrowser();
  try {
    const tab = await browser.newPage();
    await tab.goto(page.url);
    await tab.click('button');
    const issue = await issueOf('EvalError');
    await tab.evaluate('window.report()');
    const files = await eventually('parts of the replay', async () => {
      const all = (await latestOf(issue)).files.filter((file) => file.kind === 'replay_recording');
      return all.length > 0 && all;
    });
    const parts = await Promise.all(
      files.map(async ({ id }) => readRecording((await readFile(house.database, id))!.body)),
    );
    const events = recordingOf(parts);
    expect(JSON.stringify(events)).not.toContain('4111');

    await tab.goto(player.url);
    await tab.evaluate(`window.play(${JSON.stringify(events)})`);
    const replayed = tab.frameLocator('iframe');
    await replayed.getByRole('heading', { name: 'Paying' }).waitFor({ timeout: 20_000 });
    expect(await replayed.getByRole('button').textContent()).toBe('Pay');
    expect(await tab.locator('iframe').getAttribute('sandbox')).not.toContain('allow-scripts');
    await tab.getByRole('slider', { name: 'Time' }).fill('0');
    await tab
      .getByRole('button', { name: 'Play' })
      .or(tab.getByRole('button', { name: 'Pause' }))
      .waitFor();
  } finally {
    await browser.close();
    page.close();
    player.close();
  }
});
