import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { JunitReader, junitLimits, type TestCase } from './junit.ts';

function read(text: string, size = 7): { tests: TestCase[]; problem: string | undefined } {
  const tests: TestCase[] = [];
  const reader = new JunitReader((test) => tests.push(test));
  for (let at = 0; at < text.length; at += size) reader.write(text.slice(at, at + size));
  reader.end();
  return { tests, problem: reader.problem };
}

describe('JUnit reports', () => {
  it('give cases with their suite, time and failure', () => {
    const { tests, problem } = read(`<?xml version="1.0"?>
      <testsuites><testsuite name="outer"><testsuite name="shop.tests">
        <testcase classname="Cart" name="adds" time="0.25" file="cart.py"/>
        <testcase classname="Cart" name="fails" time="1,000.5"><failure message="1 != 2">Traceback
          <![CDATA[<here>]]></failure><system-out>noise</system-out></testcase>
        <testcase name="skips"><skipped/></testcase>
        <testcase name="breaks"><error>boom</error></testcase>
      </testsuite></testsuite></testsuites>`);
    expect(problem).toBeUndefined();
    expect(tests.map((test) => [test.suite, test.name, test.status, test.durationMs])).toEqual([
      ['shop.tests', 'adds', 'success', 250],
      ['shop.tests', 'fails', 'failed', 1_000_500],
      ['shop.tests', 'skips', 'skipped', 0],
      ['shop.tests', 'breaks', 'error', 0],
    ]);
    expect(tests[1]).toMatchObject({ message: '1 != 2', className: 'Cart' });
    expect(tests[1]!.details).toMatch(/^Traceback\s+<here>$/);
    expect(tests[3]!.details).toBe('boom');
  });

  it('show no secret, also none that reaches over the end of what is kept', () => {
    const tests: TestCase[] = [];
    const reader = new JunitReader(
      (test) => tests.push(test),
      (text) => text.replaceAll('hunter2-hunter2', '****'),
    );
    const long = `${'x'.repeat(junitLimits.detailsLength - 8)}hunter2-hunter2`;
    reader.write(`<testsuite name="of hunter2-hunter2"><testcase classname="hunter2-hunter2" name="hunter2-hunter2"
      file="hunter2-hunter2"><failure message="hunter2-hunter2">${long.slice(0, 5000)}`);
    reader.write(`${long.slice(5000)}</failure></testcase></testsuite>`);
    reader.end();
    const [test] = tests;
    expect(test).toMatchObject({ suite: 'of ****', className: '****', name: '****', file: '****', message: '****' });
    expect(test!.details).toMatch(/x\*{4}$/);
  });

  it('keep what was read before a broken end, and say so', () => {
    const { tests, problem } = read('<testsuite><testcase name="a"/><testcase name="b"');
    expect(tests.map((test) => test.name)).toEqual(['a']);
    expect(problem).toBeDefined();
  });

  it('expand no entities and stand any text', () => {
    const bomb = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><testsuite><testcase name="&b;"/></testsuite>';
    expect(read(bomb).tests.every((test) => test.name.length < 10)).toBe(true);
    fc.assert(fc.property(fc.string(), (text) => void read(`<testsuite>${text}`)));
  });
});
