import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { compileCircleci, processCircleci } from '../../src/integrations/circleci/compile.ts';
import { readWhole } from '../../src/integrations/circleci/document.ts';
import { directoryShelf } from '../../src/integrations/circleci/index.ts';
import { lintCircleci } from '../../src/integrations/circleci/lint.ts';
import type { Node } from '../../src/integrations/circleci/node.ts';
import { Problems } from '../../src/integrations/circleci/problems.ts';
import { NodeBuilder } from '../../src/integrations/circleci/yaml/builder.ts';
import { quickRead } from '../../src/integrations/circleci/yaml/quick.ts';
import type { SourceTree, Trigger } from '../../src/pipelines/port.ts';
import { conformanceFolder } from './folder.ts';

/** Files of any shape: the corpus, changed at random from a fixed seed, and files made to break a compiler. */
const golden = fileURLToPath(new URL('../golden/circleci/', import.meta.url));
const outside = conformanceFolder('circleci');
const noFiles: SourceTree = { list: async () => [], read: async () => undefined };
const shelves = outside ? [directoryShelf(join(outside, 'orbs'))] : [];
const trigger: Trigger = {
  kind: 'push',
  branch: 'main',
  sha: '0'.repeat(40),
  parameters: {},
  pipeline: { id: '1', number: 1 },
  project: { id: '1', slug: 'shop', gitUrl: '' },
};

function corpus(): string[] {
  const parts = readdirSync(golden, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.txt'))
    .map((name) => /^--- config\n([\s\S]*?)(?=^--- )/m.exec(readFileSync(join(golden, name), 'utf8'))?.[1] ?? '');
  const configs = outside
    ? readdirSync(join(outside, 'configs/yaml'), { recursive: true, encoding: 'utf8' })
        .filter((name) => /\.ya?ml$/.test(name))
        .map((name) => readFileSync(join(outside, 'configs/yaml', name), 'utf8'))
    : [];
  return [...parts, ...configs];
}

function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

const pieces =
  '<<|>>|<< parameters.x >>|<< pipeline.number|{|}|[|]|: |- |&a |*a|<<: *a|\n|  |"|\'|null|~|#|| |\n|!!binary x|? |9e999|steps|jobs|when|unless|matrix|requires|[]|{}|- checkout|true|\t|\0|--- \n|<<#x>>|a/b|@1'.split(
    '|',
  );

function changed(text: string, roll: (below: number) => number): string {
  let result = text;
  for (let count = 1 + roll(4); count > 0; count -= 1) {
    const at = roll(result.length + 1);
    const kind = roll(4);
    if (kind === 0) result = result.slice(0, at) + result.slice(at + roll(60));
    else if (kind === 1) {
      // A piece of the file itself, in another place.
      const from = roll(result.length + 1);
      result = result.slice(0, at) + result.slice(from, from + roll(120)) + result.slice(at);
    } else result = result.slice(0, at) + pieces[roll(pieces.length)] + result.slice(at + roll(6));
  }
  return result;
}

describe('CircleCI files of any shape', () => {
  const texts = corpus();

  it('compile or are refused with places, and nothing throws', { timeout: 300_000 }, async () => {
    const roll = random(20260820);
    let compiled = 0;
    let refused = 0;
    for (const text of texts) {
      for (let turn = 0; turn < 4; turn += 1) {
        const file = changed(text, roll);
        const source = { file: 'config.yml', text: file, tree: noFiles, trigger };
        const { plan, problems } = await compileCircleci(source, { shelves });
        const errors = problems.filter(({ severity }) => severity === 'error');
        if (plan) compiled += 1;
        else refused += 1;
        if ((plan === undefined) !== errors.length > 0) throw new Error(`neither compiled nor refused:\n${file}`);
        for (const { line, column, message } of errors) {
          if (!line || !column || message === '') throw new Error(`a problem without a place: ${message}\n${file}`);
        }
        lintCircleci('config.yml', file);
        await processCircleci(source, { shelves });
      }
    }
    console.log(`CircleCI fuzz: ${compiled} changed files compiled, ${refused} were refused, none threw`);
    expect(compiled + refused).toBe(texts.length * 4);
  });

  it('come out the same from both readers of YAML', { timeout: 300_000 }, () => {
    const roll = random(7);
    let quick = 0;
    for (const text of texts) {
      for (const file of [text, changed(text, roll), changed(text, roll)]) {
        const found = new Problems();
        const node = quickRead('f', file, new NodeBuilder(found));
        if (!node) continue;
        quick += 1;
        const problems = new Problems();
        const whole = readWhole('f', file, problems);
        if (JSON.stringify([shape(node), found.list()]) !== JSON.stringify([shape(whole), problems.list()])) {
          throw new Error(`the readers differ:\n${file}`);
        }
      }
    }
    console.log(`CircleCI YAML: ${quick} of ${texts.length * 3} files read quickly, all as the whole reader does`);
    expect(quick).toBeGreaterThan(texts.length);
  });
});

function shape(node: Node | undefined): unknown {
  if (!node) return undefined;
  if (node.kind === 'list') return [node.at, node.items.map(shape)];
  if (node.kind === 'scalar') return [node.at, String(node.value), typeof node.value, node.plain, node.block ?? false];
  return [node.at, [...node.entries].map(([key, { keyAt, value }]) => [key, keyAt, shape(value)])];
}

const docker = 'docker: [{ image: x }]';
const job = (steps: string, top = ''): string =>
  `version: 2.1\n${top}\njobs:\n  build: { ${docker}, steps: ${steps} }\nworkflows: { main: { jobs: [build] } }\n`;
const many = (count: number, text: (index: number) => string): string =>
  Array.from({ length: count }, (_, i) => text(i)).join('');

/** Each is refused, within limits, by a sentence that says what is too much. */
const bombs: [name: string, text: string, says: RegExp][] = [
  [
    'aliases of aliases',
    `version: 2.1\na0: &a0 [x, x, x, x, x, x, x, x, x]\n${many(12, (i) => `a${i + 1}: &a${i + 1} [${`*a${i}, `.repeat(8)}*a${i}]\n`)}jobs: *a12\n`,
    /aliases followed/,
  ],
  [
    'merges of merges',
    `version: 2.1\na0: &a0 { k: [x, x, x, x, x, x, x, x, x] }\n${many(9, (i) => `a${i + 1}: &a${i + 1} { ${many(9, (k) => `k${k}: *a${i}, `)}z: 1 }\n`)}jobs: { build: *a9 }\n`,
    /aliases followed/,
  ],
  ['a command that calls itself', job('[a]', 'commands: { a: { steps: [a] } }'), /more than 40 deep/],
  [
    'commands that call each other twice',
    job('[a]', 'commands: { a: { steps: [b, b] }, b: { steps: [a, a] } }'),
    /more than/,
  ],
  [
    'commands that double',
    job(
      '[c20]',
      `commands:\n  c0: { steps: [{ run: x }] }\n${many(20, (i) => `  c${i + 1}: { steps: [c${i}, c${i}] }\n`)}`,
    ),
    /expands to more than/,
  ],
  [
    'parameters that double',
    job(
      '[c40: { p: xxxxxxxxxx }]',
      `commands:\n  c0: { parameters: { p: { type: string } }, steps: [{ run: << parameters.p >> }] }\n${many(40, (i) => `  c${i + 1}: { parameters: { p: { type: string } }, steps: [c${i}: { p: "<< parameters.p >><< parameters.p >>" }] }\n`)}`,
    ),
    /too long|deep/,
  ],
  [
    'a matrix of matrices',
    `version: 2.1\njobs:\n  t: { parameters: { ${many(6, (i) => `p${i}: { type: integer }, `)}z: { type: integer, default: 0 } }, ${docker}, steps: [checkout] }\nworkflows: { main: { jobs: [t: { matrix: { parameters: { ${many(6, (i) => `p${i}: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9], `)}z: [0] } } }] } }\n`,
    /1000000 cells; 1024 are allowed/,
  ],
  [
    'many matrices',
    `version: 2.1\njobs:\n  t: { parameters: { p: { type: integer } }, ${docker}, steps: [checkout] }\nworkflows:\n${many(20, (i) => `  w${i}: { jobs: [t: { matrix: { parameters: { p: [${many(1000, (k) => `${k}, `)}0] } } }] }\n`)}`,
    /expands to more than 10000 jobs/,
  ],
  ['lists in lists', `version: 2.1\njobs: ${'['.repeat(50_000)}\n`, /nested more than/],
  ['items in items', `${'- '.repeat(20_000)}x\n`, /nested|deep/],
  ['maps in maps', `version: 2.1\n${many(400, (i) => `${' '.repeat(i)}a:\n`)}`, /nested more than/],
  [
    'a condition in conditions',
    job(`[when: { condition: ${'{ not: '.repeat(150)}true${' }'.repeat(150)}, steps: [checkout] }]`),
    /nested more than 100 deep/,
  ],
  [
    'an expression of parentheses',
    `version: 2.1\njobs: { a: { ${docker}, steps: [checkout] } }\nworkflows: { main: { when: "${'('.repeat(5_000)}true", jobs: [a] } }\n`,
    /nested too deep/,
  ],
  [
    'orbs in orbs',
    `version: 2.1\norbs: ${'{ o: { orbs: '.repeat(20)}{}${' } }'.repeat(20)}\njobs: { build: { ${docker}, steps: [checkout] } }\n`,
    /more than 8 deep/,
  ],
  [
    'a pattern that backtracks',
    `version: 2.1\njobs: { a: { ${docker}, steps: [checkout] } }\nworkflows: { main: { jobs: [a: { filters: { branches: { only: "/(?=x)|(m*)*(a*)*(i*)*z(?!q)/" } } }] } }\n`,
    /^$/,
  ],
  ['unclosed templates', job(`[${'{ run: "<< a" }, '.repeat(500)}checkout]`), /not closed/],
  ['a file of one megabyte of nothing', `version: 2.1\n${'#'.repeat(1_000_000)}\njobs: 3\n`, /must be a map/],
  ['a file that is too large', `version: 2.1\nx: "${'x'.repeat(3_100_000)}"\n`, /larger than 3 MB/],
  [
    'a hundred thousand unknown keys',
    `version: 2.1\njobs:\n  build:\n    ${docker}\n    steps: [checkout]\n${many(50_000, (i) => `    k${i}: 1\n`)}`,
    /has no key/,
  ],
  ['binary', '\0\x01\x02\xff'.repeat(1000), /./],
];

describe('files made to break a compiler', () => {
  it.each(bombs)('%s', { timeout: 60_000 }, async (_, text, says) => {
    const { problems } = await compileCircleci({ file: 'config.yml', text, tree: noFiles, trigger }, { shelves: [] });
    const errors = problems.filter(({ severity }) => severity === 'error');
    expect(errors.map(({ message }) => message).join('\n')).toMatch(says);
    expect(problems.length).toBeLessThan(400);
    lintCircleci('config.yml', text);
  });
});
