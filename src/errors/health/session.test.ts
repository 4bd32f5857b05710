import fc from 'fast-check';
import { expect, test } from 'vitest';
import { gained, joined, noMarks, readSession, readSessions, type SessionMarks } from './session.ts';

const receivedAt = Date.UTC(2026, 0, 10, 12);
const attrs = { release: 'r1', environment: 'production' };
const session = (more: object) =>
  readSession(
    { sid: '123e4567-e89b-12d3-a456-426614174000', started: '2026-01-10T11:59:00Z', status: 'ok', attrs, ...more },
    { receivedAt },
  );

test.each([
  [{ status: 'ok', errors: 0 }, noMarks],
  [
    { status: 'exited', errors: 2 },
    { ...noMarks, errored: true },
  ],
  [
    { status: 'crashed', errors: 1 },
    { ...noMarks, errored: true, crashed: true },
  ],
  [{ status: 'abnormal' }, { ...noMarks, errored: true, abnormal: true }],
  // Browsers' clients say this, which no document lists.
  [
    { status: 'unhandled', errors: 1 },
    { ...noMarks, errored: true, unhandled: true },
  ],
])('reads %j', (more, marks) => {
  expect(session(more)).toMatchObject({ release: 'r1', environment: 'production', marks });
});

test('leaves out what names no release, no session, or a time that cannot be', () => {
  expect(session({ attrs: {} })).toBeNull();
  expect(session({ sid: 'x' })).toBeNull();
  expect(session({ started: '2025-12-01T00:00:00Z' })).toBeNull();
  expect(session({ started: '2027-01-01T00:00:00Z' })).toBeNull();
});

test('sets the client’s clock right', () => {
  const late = readSession(
    { sid: 'a'.repeat(32), started: '2027-01-10T11:59:00Z', attrs },
    { receivedAt, sentAt: Date.UTC(2027, 0, 10, 12) },
  );
  expect(late?.startedAt).toBe(Date.UTC(2026, 0, 10, 11, 59));
});

test('reads what a server counted', () => {
  const buckets = readSessions(
    {
      attrs,
      aggregates: [
        { started: '2026-01-10T11:58:00Z', exited: 10, errored: 2, crashed: 1 },
        { started: '2026-01-10T11:59:00Z', exited: 5, unhandled: 1, did: 'jane' },
        { started: 'never', exited: 1 },
        { started: '2026-01-10T11:59:00Z' },
        null,
      ],
    },
    { receivedAt },
  );
  expect(buckets.map(({ counts }) => counts)).toEqual([
    { total: 13, errored: 3, crashed: 1, abnormal: 0, unhandled: 0 },
    { total: 6, errored: 1, crashed: 0, abnormal: 0, unhandled: 1 },
  ]);
  expect(buckets.map(({ userKey }) => userKey === null)).toEqual([true, false]);
});

test('whatever the order of its messages, a session counts once for each thing it was', () => {
  const marks = fc.record({
    errored: fc.boolean(),
    crashed: fc.boolean(),
    abnormal: fc.boolean(),
    unhandled: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(marks, { minLength: 1, maxLength: 6 }), (messages) => {
      let state: SessionMarks | null = null;
      const sum = { total: 0, errored: 0, crashed: 0, abnormal: 0, unhandled: 0 };
      for (const message of messages) {
        const after: SessionMarks = joined(state ?? noMarks, message);
        const counts = gained(state, after);
        for (const name of Object.keys(sum) as (keyof typeof sum)[]) sum[name] += counts[name];
        state = after;
      }
      expect(sum).toEqual({
        total: 1,
        errored: Number(messages.some((one) => one.errored)),
        crashed: Number(messages.some((one) => one.crashed)),
        abnormal: Number(messages.some((one) => one.abnormal)),
        unhandled: Number(messages.some((one) => one.unhandled)),
      });
    }),
  );
});

test('any JSON is read without throwing', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      readSession(value, { receivedAt });
      readSessions({ attrs, aggregates: [value] }, { receivedAt });
    }),
  );
});
