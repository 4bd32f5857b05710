import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SourceTree } from '../../pipelines/port.ts';
import { compileCircleci } from './compile.ts';
import { evaluateExpression } from './expression/evaluate.ts';
import { lintCircleci } from './lint.ts';
import { compilePattern } from './pattern.ts';

const seed = `version: 2.1
parameters:
  fast: { type: boolean, default: true }
orbs:
  n:
    commands: { c: { parameters: { s: { type: steps } }, steps: [{ steps: << parameters.s >> }] } }
executors:
  e: { parameters: { v: { type: enum, enum: [a, b] } }, docker: [{ image: "x:<< parameters.v >>" }] }
commands:
  greet:
    parameters: { to: { type: string, default: "<< pipeline.git.branch >>" } }
    steps:
      - when: { condition: { and: [<< parameters.to >>, { matches: { pattern: "^a.*", value: b } }] }, steps: [{ run: hi }] }
      - n/c: { s: [checkout, { run: "cat \\\\<<EOF" }] }
jobs:
  a: &a
    parameters: { v: { type: string, default: x } }
    executor: { name: e, v: a }
    environment: { A: "<<#parameters.v>>y<</parameters.v>>" }
    steps: [checkout, greet: { to: "<< parameters.v >>" }]
  b: { <<: *a, parallelism: 2 }
workflows:
  w:
    when: pipeline.git.branch != "x" and not (pipeline.number > 3)
    jobs:
      - a: { matrix: { parameters: { v: [p, q] }, exclude: [{ v: q }] } }
      - b: { requires: [a: [failed]], filters: { branches: { only: /.*/ } } }
      - hold: { type: approval, requires: [b] }
`;

const pieces = [
  '<<',
  '>>',
  '{',
  '}',
  '[',
  ']',
  ':',
  '- ',
  '&a ',
  '*a',
  '<<: *a',
  '\n',
  '  ',
  '"',
  'null',
  '~',
  'jobs',
  'steps',
  '\\',
  '\0',
  '#',
  '!!binary x',
  '? ',
  '| ',
  '9e999',
  '<< parameters.v >>',
  '<<^pipeline.number>>',
  'a/b',
  'requires: [w]',
];
const noFiles: SourceTree = { list: async () => [], read: async () => undefined };

const edits = fc.array(
  fc.record({
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    remove: fc.nat(40),
    insert: fc.oneof(fc.constantFrom(...pieces), fc.string({ maxLength: 8 })),
  }),
  { maxLength: 6 },
);

function mutated(changes: { at: number; remove: number; insert: string }[]): string {
  return changes.reduce((text, { at, remove, insert }) => {
    const place = Math.floor(at * text.length);
    return text.slice(0, place) + insert + text.slice(place + remove);
  }, seed);
}

describe('a CircleCI file of any shape', () => {
  it('compiles or is refused, and never throws', async () => {
    await fc.assert(
      fc.asyncProperty(edits, async (changes) => {
        const text = mutated(changes);
        const trigger = {
          kind: 'push',
          branch: 'main',
          sha: '0'.repeat(40),
          parameters: {},
          pipeline: { id: '1', number: 1 },
          project: { id: '1', slug: 'p', gitUrl: '' },
        } as const;
        const { plan, problems } = await compileCircleci(
          { file: 'c.yml', text, tree: noFiles, trigger },
          { shelves: [] },
        );
        expect(plan === undefined).toBe(problems.some((problem) => problem.severity === 'error'));
        lintCircleci('c.yml', text);
      }),
      { numRuns: 60 },
    );
  });

  it('is the seed that these mutations start from, and that one is right', () => {
    expect(lintCircleci('c.yml', seed).filter((problem) => problem.severity === 'error')).toEqual([]);
  });

  it('never throws on expressions and patterns', () => {
    const words = fc.array(
      fc.constantFrom('a', 'and', 'or', 'not', '(', ')', '==', '1', '"x"', '/a+/', 'matches', '!', '<', '='),
      { maxLength: 12 },
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          words.map((all) => all.join(' ')),
        ),
        (text) => {
          evaluateExpression(text, (name) => (name === 'a' ? 1 : undefined));
          const pattern = compilePattern(text);
          if (pattern.ok) pattern.matches('main');
        },
      ),
    );
    expect(evaluateExpression('('.repeat(20_000), () => 1).ok).toBe(false);
    expect(evaluateExpression('not '.repeat(3_000), () => 1).ok).toBe(false);
  });
});

describe('a large CircleCI file', () => {
  it('of 55 jobs and over 2,000 lines compiles whole', async () => {
    const steps = Array.from({ length: 33 }, (_, index) => `      - run: echo << parameters.v >> ${index}`).join('\n');
    const jobs = Array.from(
      { length: 55 },
      (_, index) =>
        `  job${index}:\n    docker: [{ image: x }]\n    parameters: { v: { type: string, default: d } }\n    steps:\n      - checkout\n${steps}\n`,
    );
    const names = jobs.map((_, index) => `      - job${index}${index > 0 ? `: { requires: [job${index - 1}] }` : ''}`);
    const text = `version: 2.1\njobs:\n${jobs.join('')}workflows:\n  w:\n    jobs:\n${names.join('\n')}\n`;
    expect(text.split('\n').length).toBeGreaterThan(2_000);
    const trigger = {
      kind: 'push',
      branch: 'main',
      sha: 'x',
      parameters: {},
      pipeline: { id: '1', number: 1 },
      project: { id: '1', slug: 'p', gitUrl: '' },
    } as const;
    const { plan } = await compileCircleci({ file: 'c.yml', text, tree: noFiles, trigger }, { shelves: [] });
    expect(plan?.workflows[0]?.jobs).toHaveLength(55);
  });
});
