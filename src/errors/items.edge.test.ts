import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type ErrorsUnderTest, errorsUnderTest, eventually } from '../../test/harness/errors-room.ts';
import { sql } from '../platform/postgres/sql.ts';
import type { ErrorRelease } from './api.ts';
import type { ItemKind, ReceivedItem } from './port.ts';

let house: ErrorsUnderTest;
beforeEach(async () => {
  house = await errorsUnderTest();
});
afterEach(() => house.close());

const item = (kind: ItemKind, body: object | Buffer, more: Partial<ReceivedItem> = {}): ReceivedItem => ({
  projectId: house.projectId,
  itemId: randomBytes(16).toString('hex'),
  kind,
  eventId: null,
  receivedAt: Date.now(),
  payload: Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body)),
  ...more,
});
const attrs = { release: 'r1', environment: 'production' };
const session = (sid: string, did: string, more: object): ReceivedItem =>
  item('session', { sid: sid.repeat(32), did, started: new Date().toISOString(), attrs, ...more });

const release = (name: string, sessions: number): Promise<ErrorRelease> =>
  eventually(`${sessions} sessions of ${name}`, async () => {
    const { items } = await house.call<{ items: ErrorRelease[] }>('listReleases', { query: { release: name } });
    return items[0]?.health?.sessions === sessions && items[0];
  });

test('sessions count once each, in any order and however often they are told of', async () => {
  const crash = session('a', 'jane', { status: 'crashed', errors: 1 });
  await house.room.reception.acceptItems([
    crash,
    crash,
    session('a', 'jane', { status: 'ok', init: true }),
    session('b', 'joe', { status: 'ok', init: true }),
  ]);
  await release('r1', 2);
  await house.room.reception.acceptItems([
    crash,
    session('b', 'joe', { status: 'exited', errors: 1 }),
    session('b', 'joe', { status: 'exited', errors: 2 }),
    item('sessions', {
      attrs: { ...attrs, release: 'r2' },
      aggregates: [{ started: new Date().toISOString(), exited: 97, crashed: 1 }],
    }),
    item('session', { sid: 'x' }),
  ]);
  expect(await release('r2', 98)).toMatchObject({
    issues: 0,
    health: { crashed: 1, crashFreeUsers: null, adoption: 0.98 },
  });
  expect((await release('r1', 2)).health).toEqual({
    sessions: 2,
    errored: 2,
    crashed: 1,
    abnormal: 0,
    users: 2,
    crashedUsers: 1,
    crashFreeSessions: 0.5,
    crashFreeUsers: 0.5,
    adoption: 0.02,
  });
  const { items } = await house.call<{ items: object[] }>('listOutcomes', { query: { project: 'shop' } });
  expect(items).toEqual(
    expect.arrayContaining([
      { category: 'session', outcome: 'accepted', reason: '', quantity: 6 },
      { category: 'session', outcome: 'invalid', reason: 'unreadable', quantity: 1 },
    ]),
  );
});

test('what a user wrote and the files of an event are found with it, and its event is kept', async () => {
  const event = house.received({ message: 'it broke', contexts: { replay: { replay_id: 'd'.repeat(32) } } });
  const { eventId } = event;
  await house.room.reception.accept([event]);
  await eventually('the event', async () => {
    const { items } = await house.call<{ items: object[] }>('listIssues');
    return items.length === 1;
  });
  await house.room.reception.acceptItems([
    item('user_report', {
      event_id: eventId,
      name: 'Jane',
      email: 'a@b.example',
      comments: ' it broke for 4111 1111 1111 1111 ',
    }),
    item('feedback', { contexts: { feedback: { message: 'about nothing in particular' } } }),
    item('feedback', { contexts: {} }),
    item('attachment', Buffer.from([0, 1, 2]), { eventId, name: 'a.bin', fileKind: 'event.attachment' }),
    item('replay', Buffer.from('{}'), {
      eventId: 'd'.repeat(32),
      name: 'replay_recording',
      fileKind: 'replay_recording',
    }),
  ]);
  const { items } = await eventually('feedback', async () => {
    const page = await house.call<{ items: { issueId: string | null; message: string }[] }>('listFeedback');
    return page.items.length === 2 && page;
  });
  const about = items.find((one) => one.issueId !== null)!;
  expect(about.message).toBe('it broke for [Filtered]');
  const { files } = await house.call<{ files: { name: string; kind: string; size: number }[] }>('getEvent', {
    params: { eventId },
  });
  expect(files.sort((a, b) => a.name.localeCompare(b.name))).toMatchObject([
    { name: 'a.bin', kind: 'event.attachment', size: 3 },
    { name: 'replay_recording', size: 2 },
  ]);
  expect(
    await house.database.first(sql`select landmark from errors_events where event_id::text = ${asText(eventId)}`),
  ).toEqual({ landmark: true });
});

const asText = (hex: string): string => hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
