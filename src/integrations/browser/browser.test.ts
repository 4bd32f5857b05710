import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Fault } from '../../kernel/faults.ts';
import { limits } from './limits.ts';
import { readPageEvents } from './read.ts';
import { framesOf } from './stack.ts';
import { visitorOf } from './visitor.ts';

const now = 1_760_000_000_000;
const at = { projectId: 'p', now, visitor: visitorOf('') };

describe('events of pages', () => {
  it('are dated by their age, and carry what all have in common', () => {
    const { records, refused } = readPageEvents(
      {
        common: { service: 'web', sessionId: 's' },
        events: [
          { type: 'PageView', ago: 500, attributes: { pagePath: '/', service: 'forged', odd: { a: 1 }, no: null } },
          { type: 'Purchase', ago: 1e15, attributes: { total: 3 } },
          { type: 'Log', ago: 0, attributes: { message: 'forged' } },
          { type: 'no type', ago: 0 },
        ],
      },
      at,
    );
    expect(refused).toBe(2);
    expect(records).toMatchObject([
      { type: 'PageView', timestamp: now - 500, attributes: { pagePath: '/', service: 'web', sessionId: 's' } },
      { type: 'Purchase', timestamp: now, attributes: { total: 3 } },
    ]);
    expect(Object.keys(records[0]!.attributes)).not.toContain('odd');
  });

  it('that are errors become events of the error tracker, the same one once', () => {
    const stack = 'TypeError: x\n    at fail (https://shop.test/a.js?token=1:3:14)\n    at https://shop.test/a.js:9:1';
    const attributes = { errorClass: 'TypeError', errorMessage: 'x', stack, pageViewId: 'v', pagePath: '/cart' };
    const read = () => readPageEvents({ events: [{ type: 'JavaScriptError', ago: 0, attributes }] }, at).errors[0]!;
    expect(read().eventId).toBe(read().eventId);
    const event = JSON.parse(Buffer.from(read().payload).toString()) as {
      exception: { values: { stacktrace: { frames: unknown[] } }[] };
    };
    expect(event.exception.values[0]!.stacktrace.frames.at(-1)).toEqual({
      function: 'fail',
      filename: '/a.js',
      abs_path: 'https://shop.test/a.js',
      lineno: 3,
      colno: 14,
      in_app: true,
    });
    expect(event).toMatchObject({ transaction: '/cart', platform: 'javascript' });
  });

  it('may be anything', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.jsonValue(), fc.record({ common: fc.jsonValue(), events: fc.array(fc.jsonValue()) })),
        (body) => {
          try {
            for (const { attributes } of readPageEvents(body, at).records)
              for (const value of Object.values(attributes))
                expect(['string', 'number', 'boolean']).toContain(typeof value);
          } catch (error) {
            expect(error).toBeInstanceOf(Fault);
          }
        },
      ),
    );
    const many = Array.from({ length: limits.events + 7 }, () => ({ type: 'A', ago: 0 }));
    expect(readPageEvents({ events: many }, at)).toMatchObject({ refused: 7 });
  });
});

describe('a stack', () => {
  it('of Firefox and Safari is read too, in a time that grows with its length', () => {
    expect(framesOf('fail@https://shop.test/a.js:3:14\n@https://shop.test/b.js:1:2\nnative code')).toMatchObject([
      { function: 'fail', lineno: 3 },
      { function: '<anonymous>', filename: '/b.js' },
    ]);
    const started = performance.now();
    for (const hard of ['at '.repeat(30_000), `at ${'a ('.repeat(30_000)}`, `${'@'.repeat(60_000)}https:`])
      expect(framesOf(hard)).toEqual([]);
    expect(performance.now() - started).toBeLessThan(5000);
  });
});

describe('a browser', () => {
  it.each([
    [
      'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Safari/537.36',
      'Chrome',
      'Linux',
      'Desktop',
    ],
    [
      'Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/120.0 Safari/537.36 Edg/120.0',
      'Edge',
      'Windows',
      'Desktop',
    ],
    [
      'Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Version/17.0 Mobile/15E148 Safari/604.1',
      'Safari',
      'iOS',
      'Mobile',
    ],
    ['Mozilla/5.0 (Android 14; Tablet; rv:120.0) Gecko/120.0 Firefox/120.0', 'Firefox', 'Android', 'Tablet'],
    ['Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)', 'Other', 'Other', 'Bot'],
    ['', 'Other', 'Other', 'Desktop'],
  ])('%s', (agent, userAgentName, userAgentOS, deviceType) =>
    expect(visitorOf(agent)).toEqual({ userAgentName, userAgentOS, deviceType }),
  );
});
