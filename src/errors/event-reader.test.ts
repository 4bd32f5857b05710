import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { digest } from './digest.ts';
import { createEventReader } from './event-reader.ts';
import { defaultRules } from './grouping/algorithm.ts';
import type { JsonObject } from './lenient.ts';
import { roomLimits } from './limits.ts';
import { normalise, skim } from './normalise.ts';
import type { ReceivedEvent } from './port.ts';
import type { ErrorReport } from './report.ts';
import { createSampler } from './sampling.ts';
import { StackMemory } from './stack-memory.ts';

const received = (payload: object, receivedAt = 1_700_000_000_000): ReceivedEvent => ({
  projectId: 'p',
  eventId: 'a'.repeat(32),
  receivedAt,
  payload: Buffer.from(JSON.stringify(payload)),
});

const folder = new URL('./grouping/cases/', import.meta.url);
const corpus = readdirSync(folder).flatMap((file) =>
  readFileSync(new URL(file, folder), 'utf8')
    .trim()
    .split('\n')
    .flatMap((line) => (JSON.parse(line) as { events: JsonObject[] }).events),
);

test('an event that is skimmed groups, is titled and counts as one that is read as a whole', () => {
  const memory = new StackMemory();
  // Twice, so that the second time every stack is one that was met before.
  for (const payload of [...corpus, ...corpus]) {
    const event = received(payload);
    const { hashes, headline, facts, files, userKey } = digest(event, skim(payload, event, memory), defaultRules);
    expect({ hashes, headline, facts, files, userKey }).toEqual(
      (({ hashes, headline, facts, files, userKey }) => ({ hashes, headline, facts, files, userKey }))(
        digest(event, normalise(payload, event), defaultRules),
      ),
    );
  }
});

describe('frames met before', () => {
  const stack = (frame: object): JsonObject => ({
    platform: 'python',
    exception: {
      values: [{ type: 'E', stacktrace: { frames: [{ function: 'f', filename: 'f.py', lineno: 1, ...frame }] } }],
    },
  });
  const memory = new StackMemory();
  const framesOf = (payload: JsonObject) => skim(payload, received(payload), memory).exceptions[0]!.frames;

  test('are the same object, whatever their variables are', () => {
    expect(framesOf(stack({ vars: { a: 1 } }))).toBe(framesOf(stack({ vars: { a: 2 } })));
  });

  test.each([
    { function: 'g' },
    { filename: 'g.py' },
    { lineno: 2 },
    { lineno: '1' },
    { colno: 3 },
    { module: 'm' },
    { abs_path: '/f.py' },
    { context_line: 'x' },
    { in_app: false },
    { package: 'p' },
    { platform: 'ruby' },
    { data: { sourcemap: 'f.map' } },
  ])('are others with %j', (difference) => {
    const one = framesOf(stack({}));
    expect(framesOf(stack(difference))).not.toBe(one);
    expect(framesOf(stack({}))![0]).toEqual(one![0]);
  });

  test('are not mixed up when they hold what no frame should', () => {
    const odd = stack({ function: { toString: 'f' }, module: ['m'] });
    expect(framesOf(odd)![0]).toMatchObject({ function: null, module: null });
    expect(framesOf(stack({ function: 'x'.repeat(5000) }))![0]!.function!.length).toBe(512);
  });
});

test('of a group the first events are wanted, then one in each second; another release begins anew', () => {
  const { wants } = createSampler();
  const first = Array.from({ length: roomLimits.eventsKeptAtFirst }, () => wants('p', 'h', 'r1', 5000));
  expect(first.every(Boolean)).toBe(true);
  expect(wants('p', 'h', 'r1', 5999)).toBe(false);
  expect(wants('p', 'h', 'r1', 6000)).toBe(true);
  expect(wants('p', 'h', 'r1', 6001)).toBe(false);
  expect(wants('p', 'h', 'r2', 6001)).toBe(true);
  expect(wants('p', 'other', 'r1', 6001)).toBe(true);
  expect(wants('q', 'h', 'r1', 6001)).toBe(true);
});

test('what is not wanted has no body until it is asked for, and that one is whole', async () => {
  const reader = createEventReader({
    rules: { rulesOf: async () => defaultRules, forget: () => {} },
    maps: { symbolicated: async (_, report) => report, forget: () => {} },
    settings: {
      treatmentOf: async () => ({ filter: () => null, scrub: null }),
      forget: () => {},
    },
  });
  const event = received({ message: 'm', extra: { order: 12 }, breadcrumbs: [{ message: 'a step' }] });
  let last = await reader.read(event);
  for (let index = 0; index < roomLimits.eventsKeptAtFirst; index += 1) last = await reader.read(event);
  if (!('digest' in last)) throw new Error('refused');
  expect(last.digest.body).toBeNull();
  const whole = JSON.parse((await reader.bodyOf(last.digest)).toString()) as ErrorReport;
  expect(whole.extra).toEqual([['order', '12']]);
  expect(whole.breadcrumbs.map((crumb) => crumb.message)).toEqual(['a step']);
  expect(await reader.read({ ...event, payload: Buffer.from('[1') })).toEqual({
    refused: { outcome: 'invalid', reason: 'not_json' },
  });
});
