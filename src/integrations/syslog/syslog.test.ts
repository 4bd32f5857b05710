import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SyslogFrames } from './framing.ts';
import { limits } from './limits.ts';
import { attributesOf, parseSyslog } from './message.ts';

const now = new Date(2026, 10, 23, 20, 30, 0).getTime();

describe('a message', () => {
  it('of RFC 5424 tells all it has', () => {
    const message = parseSyslog(
      '<165>1 2003-10-11T22:14:15.003Z mymachine.example.com evntslog 77 ID47 [exampleSDID@32473 iut="3" eventSource="Appli\\"cation"][b@1 c="d"] \uFEFFAn application event',
      now,
    );
    expect(message).toEqual({
      at: Date.parse('2003-10-11T22:14:15.003Z'),
      facility: 'local4',
      severity: 5,
      host: 'mymachine.example.com',
      app: 'evntslog',
      processId: '77',
      messageId: 'ID47',
      data: { 'exampleSDID@32473.iut': '3', 'exampleSDID@32473.eventSource': 'Appli"cation', 'b@1.c': 'd' },
      text: 'An application event',
    });
  });

  it.each([
    [
      '<34>Oct 11 22:14:15 mymachine su: failed for lonvick',
      { host: 'mymachine', app: 'su', text: 'failed for lonvick', severity: 2 },
    ],
    ['<30>Nov  3 20:14:15 web nginx[12]: started', { host: 'web', app: 'nginx', processId: '12', text: 'started' }],
    [
      '<13>2026-11-23T20:14:15.123456+01:00 web app: x',
      { at: Date.parse('2026-11-23T19:14:15.123Z'), host: 'web', app: 'app' },
    ],
    ['<13>Nov 23 20:14:15 cron[3]: local, without a host', { host: undefined, app: 'cron', processId: '3' }],
    ['<13>1 - - - - - - nothing known', { at: undefined, host: undefined, app: undefined, text: 'nothing known' }],
    ['no priority at all', { facility: 'user', severity: 5, text: 'no priority at all' }],
    ['<999>x', { severity: 5, text: '<999>x' }],
  ])('%s', (line, facts) => expect(parseSyslog(line, now)).toMatchObject(facts));

  it('of the old form lies in the year that puts it nearest', () => {
    const newYear = new Date(2027, 0, 1, 0, 0, 10).getTime();
    expect(parseSyslog('<13>Dec 31 23:59:59 web a: x', newYear).at).toBe(new Date(2026, 11, 31, 23, 59, 59).getTime());
  });

  it('with JSON in it becomes attributes, the level of the JSON first', () => {
    const message = parseSyslog('<14>1 - web shop - - - {"level":"error","msg":"no","order":7}', now);
    expect(attributesOf(message, '10.0.0.1')).toMatchObject({
      message: 'no',
      level: 'error',
      order: 7,
      service: 'shop',
      host: 'web',
    });
    expect(attributesOf(parseSyslog('<11>Nov 23 20:14:15 a: x', now), '10.0.0.1')).toMatchObject({
      level: 'error',
      host: '10.0.0.1',
    });
  });

  it('may be anything', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^<\d{1,3}>1? ?[-\w:.[\]="\\ ]{0,120}$/)), (line) => {
        expect(attributesOf(parseSyslog(line, now), 'x').message).toBeTypeOf('string');
      }),
    );
  });
});

describe('a stream', () => {
  const messages = ['<13>one', '<13>two with\ttabs and ünicode', '<13>three'];
  const counted = Buffer.from(messages.map((text) => `${Buffer.byteLength(text)} ${text}`).join(''));
  const lined = Buffer.from(`${messages.join('\n')}\n`);

  it.each([
    ['counted', counted],
    ['in lines', lined],
    ['both', Buffer.concat([counted, lined, counted])],
  ])('%s is cut the same wherever it is split', (_, bytes) => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1 }), (sizes) => {
        const frames = new SyslogFrames();
        const got: string[] = [];
        for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
          const size = sizes[turn % sizes.length]!;
          got.push(...frames.push(bytes.subarray(at, at + size)));
          at += size;
        }
        got.push(...frames.end());
        expect(got.length % 3).toBe(0);
        for (const [index, text] of got.entries()) expect(text).toBe(messages[index % 3]);
      }),
    );
  });

  it('with a message that is too long goes on after it', () => {
    const long = 'x'.repeat(limits.messageBytes * 2);
    for (const bytes of [`${long}\n<13>after\n`, `${long.length} ${long}9 <13>after`]) {
      const frames = new SyslogFrames();
      const got: string[] = [];
      for (let at = 0; at < bytes.length; at += 10_000)
        got.push(...frames.push(Buffer.from(bytes.slice(at, at + 10_000))));
      expect(got.map(({ length }) => length)).toEqual([limits.messageBytes, 9]);
      expect(frames.cut).toBe(1);
    }
  });
});
