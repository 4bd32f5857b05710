import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { joinLines, mayGoOn } from './join.ts';
import { severityOfText } from './severity.ts';
import { shapeFields, shapeLine } from './shape.ts';

const trace = '4bf92f3577b34da6a3ce929d0e0e4736';

describe('the level of a plain line', () => {
  it.each([
    ['2026-11-23 20:04:05,123 ERROR [pool-1] could not connect', 'error'],
    ['[warn] disk is nearly full', 'warn'],
    ['E1123 20:04:05.123456   1 main.go:12] no', 'error'],
    ['I1123 20:04:05.123456   1 main.go:12] yes', 'info'],
    ['time="x" level=fatal nothing works', 'fatal'],
    ['nginx: warning: conflicting names', 'warn'],
    ['Traceback (most recent call last):', 'error'],
    ["TypeError: Cannot read properties of undefined (reading 'a')", 'error'],
    ['java.lang.IllegalStateException: no', 'error'],
    ["thread 'main' panicked at src/main.rs:2:5:", 'error'],
    ['\u001b[32mINFO\u001b[0m  listening', 'info'],
    ['DEBUG: 3 rows', 'debug'],
    ['no errors were found', undefined],
    ['GET /error?level 200', undefined],
    ['', undefined],
  ])('%s', (line, level) => expect(severityOfText(line)).toBe(level));
});

describe('a line', () => {
  it('of JSON becomes a message and attributes', () => {
    expect(
      shapeLine(
        `{"level":50,"msg":"no stock","trace_id":"${trace.toUpperCase()}","order":{"id":7},"tags":["a"],"none":null}`,
      ),
    ).toEqual({
      form: 'json',
      message: 'no stock',
      level: 'error',
      traceId: trace,
      spanId: undefined,
      attributes: { 'order.id': 7, tags: '["a"]' },
    });
  });

  it('of JSON without a message stays as it is', () => {
    const line = '{"a":1}';
    expect(shapeLine(line)).toMatchObject({ message: line, attributes: { a: 1 }, level: undefined });
  });

  it('of logfmt too; one that only holds a pair is text', () => {
    expect(shapeLine('ts=2026 lvl=warn msg="slow \\"query\\"" took=1.5 ok=false zip=0123')).toMatchObject({
      form: 'logfmt',
      message: 'slow "query"',
      level: 'warn',
      attributes: { ts: 2026, took: 1.5, ok: false, zip: '0123' },
    });
    expect(shapeLine('user=ada logged in').form).toBe('text');
    expect(shapeLine('a=b').form).toBe('text');
  });

  it('of text tells its trace', () => {
    expect(shapeLine(`ERROR failed trace_id=${trace} span_id=00f067aa0ba902b7`)).toMatchObject({
      level: 'error',
      traceId: trace,
      spanId: '00f067aa0ba902b7',
    });
    expect(shapeLine(`traceparent: 00-${trace}-00f067aa0ba902b7-01`)).toMatchObject({ traceId: trace });
    expect(shapeLine(`sha256 ${trace}${trace}`).traceId).toBeUndefined();
  });

  it('within the fields of a container is read in turn', () => {
    expect(shapeFields({ log: '{"level":"warn","msg":"hot"}', kubernetes: { pod_name: 'web-1' } }, '?')).toMatchObject({
      message: 'hot',
      level: 'warn',
      attributes: { 'kubernetes.pod_name': 'web-1' },
    });
  });

  it('may be anything', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string({ maxLength: 400 }), fc.json(), fc.stringMatching(/^[a-z="\\ {}:,]{0,80}$/)),
        (line) => {
          const { message, attributes } = shapeLine(line);
          expect(typeof message).toBe('string');
          for (const value of Object.values(attributes))
            expect(['string', 'number', 'boolean']).toContain(typeof value);
        },
      ),
    );
  });

  it('is read in a time that grows with its length, whatever it holds', () => {
    const hard = [
      'a='.repeat(30_000),
      `{${'"a":{'.repeat(10_000)}`,
      `${'a=b '.repeat(15_000)}!`,
      'x.'.repeat(32_000),
      '\\'.repeat(60_000),
    ];
    const started = performance.now();
    for (const line of hard) shapeLine(line);
    expect(performance.now() - started).toBeLessThan(5000);
  });
});

describe('lines', () => {
  const joined = (text: string): string[] => joinLines(text.split('\n'), String, (_, whole) => whole);

  it.each([
    [
      'Java',
      'java.lang.IllegalStateException: no\n\tat a.B.c(B.java:1)\nCaused by: java.io.IOException\n\tat d.E.f(E.java:2)\n\t... 12 more',
    ],
    ['Node', "TypeError: x is undefined\n    at f (/app/a.js:1:2)\n    at g (/app/a.js:3:4) {\n  code: 'E'\n }"],
    ['Python', 'Traceback (most recent call last):\n  File "a.py", line 1, in <module>\n    f()\nValueError: no'],
    ['Go', 'panic: oh no\n\ngoroutine 1 [running]:\nmain.main()\n\t/app/main.go:4 +0x1'],
  ])('of a stack of %s are one message', (_, stack) => {
    expect(joined(`before\n${stack}\nafter`)).toEqual(['before', stack, 'after']);
  });

  it('tell when more of the last one may come', () => {
    expect(mayGoOn(['listening', 'TypeError: no'])).toBe(true);
    expect(mayGoOn(['one', '  two'])).toBe(true);
    expect(mayGoOn(['TypeError: no', '    at f', 'listening'])).toBe(false);
    expect(mayGoOn([])).toBe(false);
  });

  it('that have nothing to do with each other stay apart', () => {
    expect(joined('one\ntwo\n\nthree')).toEqual(['one', 'two', '', 'three']);
  });

  it('are all there, whatever they are, in bounded pieces', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('a', ' b', '\tat c', 'Traceback (most recent call last):', '', 'panic: x')),
        (lines) => {
          let count = 0;
          const texts = joinLines(lines, String, (_, text, of) => {
            count += of;
            return text;
          });
          expect(count).toBe(lines.length);
          expect(texts.join('\n')).toBe(lines.join('\n'));
        },
      ),
    );
    expect(joined(`x\n${' y\n'.repeat(1200)}`).length).toBe(4);
  });
});
