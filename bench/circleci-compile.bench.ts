import { compileCircleci } from '../src/integrations/circleci/compile.ts';
import { readDocument, readWhole } from '../src/integrations/circleci/document.ts';
import { Problems } from '../src/integrations/circleci/problems.ts';

/** What compiling a file of over 2,000 lines and 55 jobs costs, from text to plan, without and with a warm program. Limit: 150 ms. */
const limitMs = 150;
const turns = 20;
const steps = Array.from(
  { length: 8 },
  (_, index) => `      - run:
          name: Step ${index}
          command: echo << parameters.v >> ${index}
      - greet: { to: "number ${index}" }`,
).join('\n');
const jobs = Array.from(
  { length: 55 },
  (_, index) => `  job${index}:
    executor: { name: box, tag: "${index}" }
    parameters: { v: { type: string, default: d } }
    environment: { INDEX: ${index} }
    steps:
      - checkout
${steps}
`,
);
const names = jobs.map((_, index) => `      - job${index}${index > 0 ? `: { requires: [job${index - 1}] }` : ''}`);
const text = `version: 2.1
executors:
  box: { parameters: { tag: { type: string } }, docker: [{ image: "cimg/base:<< parameters.tag >>" }] }
commands:
  greet: { parameters: { to: { type: string } }, steps: [{ run: "echo hello << parameters.to >>" }] }
jobs:
${jobs.join('')}workflows:
  main:
    jobs:
${names.join('\n')}
`;
const source = {
  file: 'config.yml',
  text,
  tree: { list: async () => [], read: async () => undefined },
  trigger: {
    kind: 'push' as const,
    branch: 'main',
    sha: 'x',
    parameters: {},
    pipeline: { id: '1', number: 1 },
    project: { id: '1', slug: 'shop', gitUrl: '' },
  },
};

const took = async (work: () => unknown): Promise<number> => {
  const started = performance.now();
  await work();
  return performance.now() - started;
};
const median = (values: number[]): number => values.sort((a, b) => a - b)[Math.floor(values.length / 2)]!;

const compile = async (): Promise<void> => {
  const { plan } = await compileCircleci(source, { shelves: [] });
  if (plan?.workflows[0]?.jobs.length !== 55) throw new Error('the file did not compile to 55 jobs');
};
const first = await took(compile);
const compiled: number[] = [];
const quick: number[] = [];
const whole: number[] = [];
for (let turn = 0; turn < turns; turn += 1) {
  compiled.push(await took(compile));
  quick.push(await took(() => readDocument('config.yml', text, new Problems())));
  whole.push(await took(() => readWhole('config.yml', text, new Problems())));
}
const ms = (value: number): string => `${value.toFixed(1)} ms`;
console.log(
  `${text.split('\n').length} lines, 55 jobs: first ${ms(first)}, then ${ms(median(compiled))} (limit ${limitMs} ms)`,
);
console.log(`of that reading YAML ${ms(median(quick))}; the whole reader takes ${ms(median(whole))}`);
process.exitCode = first < limitMs ? 0 : 1;
