import { describe, expect, it } from 'vitest';
import { errors, one, outcome, two } from '../../../test/harness/circleci-plans.ts';

describe('what is wrong', () => {
  it.each([
    ['an unclosed template', one('    steps: [{ run: "cat <<EOF" }]'), '6:20 This "<<" is not closed by ">>"'],
    ['an unknown step', one('    steps: [chekout]'), '6:13 There is no step or command "chekout"'],
    ['an unknown key', one('    steps: []\n    enviroment: {}'), '7:5 Job "a" has no key "enviroment"'],
    ['a job without steps', one('    shell: sh'), '4:3 Job "a" has no "steps"'],
    [
      'a parameter of the wrong type',
      `${two}      - a: { n: x }\n`,
      '8:14 Parameter "n" of Job "a" must be an integer, not "x"',
    ],
    [
      'a number for a string',
      `${two}      - a: { v: 3.10 }\n`,
      '8:14 Parameter "v" of Job "a" must be a string, not the number 3.10',
    ],
    ['an argument nobody takes', `${two}      - b: { x: 1 }\n`, '8:14 Job "b" has no parameter "x"'],
    ['a job that is not there', `${two}      - c\n`, '8:9 There is no job "c"'],
    [
      'a requirement that is not there',
      `${two}      - b: { requires: [zz] }\n`,
      '8:25 "b" requires "zz", and no job of this workflow is called that',
    ],
    [
      'an outcome that is none',
      `${two}      - a\n      - b: { requires: [{ a: done }] }\n`,
      '9:30 "done" is not how a job ends',
    ],
    [
      'a requirement on two jobs of one name',
      `${two}      - a: { name: x }\n      - a: { name: x }\n      - b: { requires: [x] }\n`,
      '10:25 "x" is invoked 2 times, so this requirement is ambiguous',
    ],
    [
      'an empty "and"',
      `${two.replace('    jobs:\n', '    when: { and: [] }\n    jobs:\n')}      - b\n`,
      '7:18 "and" needs at least one value',
    ],
    ['a release without its plan', one('    type: release'), '4:3 Job "a" is of type release and needs "plan_name"'],
    ['a lock without its key', one('    type: lock'), '4:3 Job "a" is of type lock and needs "key"'],
    [
      'a cell of the wrong type',
      `${two}      - a:\n          matrix:\n            parameters:\n              n:\n                - 1\n                - x\n`,
      '13:19 Parameter "n" of Job "a" must be an integer, not "x"',
    ],
    ['no version 2', 'version: 3\njobs: {}\n', '1:10 "version" must be 2, 2.0 or 2.1, not the number 3'],
    ['a list for a file', '- a\n', '1:1 A pipeline file is a map with "version" and "jobs", not a list'],
  ])('%s', async (_name, text, message) => {
    expect(await errors(text)).toContain(message);
  });

  it('reports all problems at once', async () => {
    expect(await errors(one('    steps: [x, y, { run: {} }]\n    foo: 1'))).toHaveLength(4);
  });

  it('suggests the key that was meant', async () => {
    const { problems } = await outcome(one('    steps: []\n    enviroment: {}'));
    expect(problems[0]?.hint).toBe('Did you mean "environment"?');
  });

  it('stops at recursion, alias bombs and matrices that explode, with a sentence', async () => {
    const recursive = one('    steps: [c]', 'commands: { c: { steps: [c, c, c] } }');
    expect((await errors(recursive)).join()).toContain('more than');
    const bomb = `version: 2.1\na: &a [1,1,1,1,1,1,1,1,1]\n${'bcdefghijk'
      .split('')
      .map((name, index) => `${name}: &${name} [${Array(9).fill(`*${'abcdefghijk'[index]}`).join(',')}]`)
      .join('\n')}\njobs: *k\n`;
    expect((await errors(bomb)).join()).toContain('aliases');
    const axis = (name: string): string => `${name}: [${Array.from({ length: 40 }, (_, index) => index).join(',')}]`;
    expect(
      (await errors(`${two}      - a: { matrix: { parameters: { ${axis('n')}, ${axis('v')} } } }\n`)).join(),
    ).toContain('1600 cells');
    for (const text of [`version: 2.1\nx: ${'['.repeat(100_000)}\n`, `${'- '.repeat(5_000)}x`]) {
      expect((await errors(text)).join()).toContain('deep');
    }
  });
});
