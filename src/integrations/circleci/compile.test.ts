import { describe, expect, it } from 'vitest';
import type { Plan, PlannedJob, PlannedStep, SourceTree, Trigger } from '../../pipelines/port.ts';
import { compileCircleci } from './compile.ts';
import type { OrbShelf } from './port.ts';

const noFiles: SourceTree = { list: async () => [], read: async () => undefined };

interface Given {
  branch?: string;
  tag?: string;
  parameters?: Trigger['parameters'];
  kind?: Trigger['kind'];
  orbs?: Record<string, string>;
}

function trigger(given: Given): Trigger {
  return {
    kind: given.kind ?? 'push',
    branch: given.tag === undefined ? (given.branch ?? 'main') : undefined,
    tag: given.tag,
    sha: 'abcdef0123456789abcdef0123456789abcdef01',
    parameters: given.parameters ?? {},
    pipeline: { id: 'p-1', number: 7 },
    project: { id: 'prj', slug: 'team/shop', gitUrl: 'http://git/shop.git', defaultBranch: 'main' },
    commit: { message: 'DEPLOY: it\n\nBecause.', author: { name: 'Ada', email: 'ada@example.org' } },
  };
}

function shelf(orbs: Record<string, string>): OrbShelf {
  return {
    versions: async (orb) =>
      Object.keys(orbs).flatMap((name) => (name.startsWith(`${orb}@`) ? [name.slice(orb.length + 1)] : [])),
    read: async (orb, version) => orbs[`${orb}@${version}`],
  };
}

async function outcome(text: string, given: Given = {}) {
  return compileCircleci(
    { file: 'c.yml', text, tree: noFiles, trigger: trigger(given) },
    {
      shelves: [shelf(given.orbs ?? {})],
    },
  );
}

async function plan(text: string, given: Given = {}): Promise<Plan> {
  const result = await outcome(text, given);
  expect(result.problems.filter((problem) => problem.severity === 'error')).toEqual([]);
  return result.plan!;
}

async function jobs(text: string, given: Given = {}): Promise<Record<string, PlannedJob>> {
  const { workflows } = await plan(text, given);
  return Object.fromEntries(workflows.flatMap((workflow) => workflow.jobs.map((job) => [job.name, job])));
}

async function errors(text: string, given: Given = {}): Promise<string[]> {
  const { problems } = await outcome(text, given);
  return problems.filter((one) => one.severity === 'error').map((one) => `${one.line}:${one.column} ${one.message}`);
}

const scripts = (job: PlannedJob | undefined): string[] =>
  (job?.steps ?? []).flatMap((step: PlannedStep) => (step.kind === 'run' ? [step.command] : []));

const one = (body: string, more = ''): string => `version: 2.1
${more}
jobs:
  a:
    machine: true
${body}
workflows:
  w:
    jobs: [a]
`;

describe('steps', () => {
  it('keeps every field of a run step, with defaults', async () => {
    const { a } = await jobs(
      one(`    steps:
      - run: echo hi
      - run:
          name: Long
          command: make
          shell: /bin/sh
          background: true
          working_directory: sub
          no_output_timeout: 1.25h
          when: on_fail
          environment: { A: 1, B: x, C: true, D: no, E: "true" }`),
    );
    expect(a!.steps).toMatchObject([
      {
        kind: 'run',
        name: 'echo hi',
        command: 'echo hi',
        when: 'on_success',
        noOutputTimeoutMs: 600_000,
        background: false,
      },
      {
        name: 'Long',
        shell: '/bin/sh',
        background: true,
        workingDirectory: 'sub',
        noOutputTimeoutMs: 4_500_000,
        when: 'on_fail',
        environment: { A: '1', B: 'x', C: '1', D: '0', E: 'true' },
        source: { line: 8, column: 9 },
      },
    ]);
  });

  it('knows the built-in steps', async () => {
    const { a } = await jobs(
      one(`    steps:
      - checkout
      - checkout: { path: src, method: shallow, depth: 1 }
      - restore_cache: { key: k1, keys: [k2, k3] }
      - save_cache: { key: 'v1-{{ checksum "f" }}', paths: [a, b], when: always }
      - persist_to_workspace: { root: ., paths: dist }
      - attach_workspace: { at: /tmp/w }
      - store_artifacts: { path: out, destination: d }
      - store_test_results: { path: results }
      - setup_remote_docker: { version: 20.10.24, docker_layer_caching: true }
      - add_ssh_keys: { fingerprints: ["aa:bb"] }`),
    );
    expect(a!.steps.map(({ kind, when }) => `${kind} ${when}`)).toEqual([
      'checkout on_success',
      'checkout on_success',
      'restore_cache on_success',
      'save_cache always',
      'persist_to_workspace on_success',
      'attach_workspace on_success',
      'store_artifacts always',
      'store_test_results always',
      'setup_remote_docker on_success',
      'add_ssh_keys on_success',
    ]);
    expect(a!.steps[2]).toMatchObject({ keys: ['k1', 'k2', 'k3'] });
    expect(a!.steps[3]).toMatchObject({ key: 'v1-{{ checksum "f" }}', paths: ['a', 'b'] });
  });

  it('expands commands with parameters, lets them shadow built-in steps, and splices steps', async () => {
    const { a } = await jobs(
      one(
        `    steps:
      - greet: { to: you, after: [{ run: bye }, checkout] }
      - deploy
      - when: { condition: << pipeline.parameters.fast >>, steps: [{ run: fast }] }
      - unless: { condition: << pipeline.parameters.fast >>, steps: [{ run: slow }] }`,
        `parameters:
  fast: { type: boolean, default: yes }
commands:
  deploy:
    steps: [{ run: my own deploy }]
  greet:
    parameters:
      to: { type: string }
      times: { type: integer, default: 2 }
      after: { type: steps, default: [] }
    steps:
      - run: echo << parameters.to >> x<<parameters.times>>
      - steps: << parameters.after >>`,
      ),
    );
    expect(a!.steps.map((step) => (step.kind === 'run' ? step.command : step.kind))).toEqual([
      'echo you x2',
      'bye',
      'checkout',
      'my own deploy',
      'fast',
    ]);
  });

  it('leaves templates alone in version 2', async () => {
    const text = 'version: 2\njobs:\n  build:\n    docker: [{ image: x }]\n    steps:\n      - run: "cat <<EOF"\n';
    expect(scripts((await jobs(text)).build)).toEqual(['cat <<EOF']);
  });

  it('takes \\<< for <<, and sections as Mustache does', async () => {
    const { a } = await jobs(
      one(
        `    steps:
      - c: { on: true }
      - c: { on: false, text: "" }`,
        `commands:
  c:
    parameters: { on: { type: boolean }, text: { type: string, default: t } }
    steps:
      - run: "cat \\\\<<EOF <<#parameters.on>>yes<</parameters.on>><<^parameters.on>>no<</parameters.on>><<#parameters.text>>!<</parameters.text>>"`,
      ),
    );
    expect(scripts(a)).toEqual(['cat <<EOF yes!', 'cat <<EOF no']);
  });
});

describe('executors', () => {
  it('merges environments and lets a job override the rest whole', async () => {
    const text = `version: 2.1
executors:
  e:
    parameters: { tag: { type: string, default: "1" } }
    docker: [{ image: "app:<< parameters.tag >>", environment: { I: "1" } }, { image: db, name: db, command: run --fast 'a b' }]
    environment: { A: executor, B: executor }
    working_directory: /e
    shell: /bin/zsh
jobs:
  a:
    executor: { name: e, tag: "9" }
    working_directory: /j
    environment: { B: job }
    resource_class: large
    parallelism: 3
    steps: [checkout]
workflows: { w: { jobs: [a] } }
`;
    const { a } = await jobs(text);
    expect(a).toMatchObject({
      executor: {
        kind: 'docker',
        images: [
          { image: 'app:9', environment: { I: '1' } },
          { image: 'db', name: 'db', command: ['run', '--fast', 'a b'] },
        ],
      },
      environment: { A: 'executor', B: 'job' },
      workingDirectory: '/j',
      shell: '/bin/zsh',
      resourceClass: 'large',
      parallelism: 3,
    });
  });

  it('takes an executor as a parameter, by name or with arguments', async () => {
    const text = `version: 2.1
executors:
  e: { parameters: { v: { type: string, default: a } }, docker: [{ image: "i:<< parameters.v >>" }] }
jobs:
  a:
    parameters: { where: { type: executor } }
    executor: << parameters.where >>
    steps: [checkout]
workflows:
  w:
    jobs:
      - a: { name: plain, where: e }
      - a: { name: full, where: { name: e, v: b } }
`;
    const found = await jobs(text);
    expect(found.plain!.executor).toMatchObject({ images: [{ image: 'i:a' }] });
    expect(found.full!.executor).toMatchObject({ images: [{ image: 'i:b' }] });
  });
});

const two = `version: 2.1
jobs:
  a: { machine: true, parameters: { v: { type: string, default: d }, n: { type: integer, default: 0 } }, steps: [{ run: "<< parameters.v >><< parameters.n >>" }] }
  b: { machine: true, steps: [checkout] }
workflows:
  w:
    jobs:
`;

describe('workflows', () => {
  it('makes a job for each cell of a matrix, less what is excluded, and lets others require them all', async () => {
    const found = await jobs(`${two}      - a:
          matrix:
            parameters: { v: [x, y], n: [1, 2] }
            exclude: [{ v: y, n: 2 }]
      - b: { requires: [a] }
`);
    expect(Object.keys(found)).toEqual(['a-1-x', 'a-2-x', 'a-1-y', 'b']);
    expect(found['a-1-y']).toMatchObject({ matrix: { v: 'y', n: 1 } });
    expect(scripts(found['a-1-y'])).toEqual(['y1']);
    expect(found.b!.requires.map(({ key }) => key)).toEqual(['w/a-1-x', 'w/a-2-x', 'w/a-1-y']);
  });

  it('knows aliases, names with matrix values, and requirements by cell', async () => {
    const found = await jobs(`${two}      - a:
          name: build << matrix.v >>
          matrix: { alias: all, parameters: { v: [x, y] } }
      - b: { name: one, requires: [build x] }
      - b: { name: every, requires: [all] }
`);
    expect(found.one!.requires.map(({ key }) => key)).toEqual(['w/build x']);
    expect(found.every!.requires.map(({ key }) => key)).toEqual(['w/build x', 'w/build y']);
  });

  it('numbers repeated jobs', async () => {
    const found = await jobs(`${two}      - a: { v: x }\n      - a: { v: y }\n`);
    expect(Object.keys(found)).toEqual(['a-1', 'a-2']);
  });

  it('reads outcomes, contexts, serial groups and approvals', async () => {
    const found = await jobs(`${two}      - a
      - hold: { type: approval, requires: [a] }
      - b:
          requires: [hold, { a: [failed, canceled] }]
          context: [org, "c-<< pipeline.number >>"]
          serial-group: << pipeline.project.slug >>/deploy
      - b: { name: whatever, requires: [{ a: terminal }] }
`);
    expect(found.hold).toMatchObject({ kind: 'approval', requires: [{ key: 'w/a', outcomes: ['success'] }] });
    expect(found.b).toMatchObject({
      contexts: ['org', 'c-7'],
      serialGroup: 'team/shop/deploy',
      requires: [
        { key: 'w/hold', outcomes: ['success'] },
        { key: 'w/a', outcomes: ['failed', 'canceled'] },
      ],
    });
    expect(found.whatever!.requires[0]!.outcomes).toHaveLength(5);
  });

  it('puts pre-steps before and post-steps after', async () => {
    const found = await jobs(`${two}      - a: { v: m, pre-steps: [{ run: pre }], post-steps: [{ run: post }] }\n`);
    expect(scripts(found.a)).toEqual(['pre', 'm0', 'post']);
  });

  it.each([
    ['{ branches: { only: main } }', { branch: 'main' }, true],
    ['{ branches: { only: main } }', { branch: 'maintenance' }, false],
    ['{ branches: { only: /main.*/ } }', { branch: 'maintenance' }, true],
    ['{ branches: { only: /ain/ } }', { branch: 'main' }, false],
    ['{ branches: { ignore: [/feature-.*/, wip] } }', { branch: 'feature-x' }, false],
    ['{ branches: { only: main, ignore: main } }', { branch: 'main' }, true],
    ['{ branches: { only: /^(?!main$).*$/ } }', { branch: 'main' }, false],
    ['{ branches: { only: /^(?!main$).*$/ } }', { branch: 'other' }, true],
    ['{ tags: { only: /^v.*/ } }', { branch: 'main' }, true],
    ['{ tags: { only: /^v.*/ } }', { tag: 'v1' }, true],
    ['{ tags: { only: /^v.*/ }, branches: { ignore: /.*/ } }', { branch: 'main' }, false],
    ['{ branches: { only: main } }', { tag: 'v1' }, false],
    ['pipeline.git.branch == "main" or pipeline.git.tag starts-with "v"', { tag: 'v1' }, true],
    ['pipeline.git.branch == "main"', { branch: 'x' }, false],
    ['pipeline.git.branch matches /rel-\\d+/', { branch: 'rel-12' }, true],
  ] as const)('filters: %s for %j is %s', async (filters, ref, runs) => {
    const found = await jobs(
      `${two}      - b: { filters: ${filters.startsWith('{') ? filters : JSON.stringify(filters)} }\n`,
      ref,
    );
    expect(Object.keys(found)).toEqual(runs ? ['b'] : []);
  });

  it('runs nothing for a tag without tag filters, and forgets requirements on jobs that are filtered out', async () => {
    const text = `${two}      - a: { filters: { branches: { only: main } } }
      - b: { name: partly, requires: [a, always] }
      - b: { name: wholly, requires: [a] }
      - b: { name: always }
`;
    expect(await jobs(text, { tag: 'v1' })).toEqual({});
    const found = await jobs(text, { branch: 'x' });
    expect(Object.keys(found)).toEqual(['partly', 'always']);
    expect(found.partly!.requires.map(({ key }) => key)).toEqual(['w/always']);
  });

  it.each([
    ['when: pipeline.git.branch == "main"', true],
    ['when: << pipeline.parameters.on >>', false],
    ['unless: << pipeline.parameters.on >>', true],
    ['when: { and: [true, { not: << pipeline.parameters.on >> }] }', true],
    ['when: { or: [false, { equal: [main, << pipeline.git.branch >>] }] }', true],
    ['when: { matches: { pattern: "^ma.*$", value: << pipeline.git.branch >> } }', true],
    ['when: { matches: { pattern: "^ma", value: << pipeline.git.branch >> } }', false],
    ['when: { equal: [1, 1, 2] }', false],
    ['when: << pipeline.git.tag >>', false],
    ['when: not pipeline.parameters.on', true],
    ['when: pipeline.git.commit.subject starts-with "DEPLOY:" and pipeline.git.branch.is_default', true],
    ['when: pipeline.git.commit.body == "Because." and pipeline.git.commit.author_name != "Ada"', false],
    ['when: pipeline.event.action == "closed" or pipeline.project.type == "millrace"', true],
  ])('workflow %s: %s', async (condition, runs) => {
    const text = `version: 2.1\nparameters: { on: { type: boolean, default: false } }\njobs: { b: { machine: true, steps: [checkout] } }\nworkflows:\n  w:\n    ${condition}\n    jobs: [b]\n`;
    expect((await plan(text)).workflows).toHaveLength(runs ? 1 : 0);
  });

  it('keeps scheduled workflows for their schedule', async () => {
    const text = `${two.replace('    jobs:\n', '    triggers: [{ schedule: { cron: "0 0 * * *", filters: { branches: { only: main } } } }]\n    jobs:\n')}      - b\n`;
    expect((await plan(text)).workflows).toHaveLength(0);
    expect((await plan(text, { kind: 'schedule' })).workflows).toHaveLength(1);
  });

  it('flattens job groups', async () => {
    const text = `version: 2.1
jobs: { a: { machine: true, steps: [checkout] }, b: { machine: true, steps: [checkout] } }
job-groups: { g: { jobs: [a, { b: { requires: [a] } }] } }
workflows: { w: { jobs: [{ a: { name: first } }, { g: { requires: [first] } }, { b: { name: last, requires: [g] } }] } }
`;
    const found = await jobs(text);
    expect(
      Object.fromEntries(Object.values(found).map((job) => [job.name, job.requires.map(({ key }) => key)])),
    ).toEqual({
      first: [],
      'g/a': ['w/first'],
      'g/b': ['w/g/a'],
      last: ['w/g/a', 'w/g/b'],
    });
  });
});

describe('orbs', () => {
  const orb = `version: 2.1
executors: { default: { parameters: { tag: { type: string, default: "20" } }, docker: [{ image: "node:<< parameters.tag >>" }] } }
commands: { hello: { parameters: { to: { type: string, default: orb } }, steps: [{ run: "hello << parameters.to >>" }, { run: "cat <<EOF\\nEOF" }] } }
jobs:
  test:
    parameters: { before: { type: steps, default: [] }, on: { type: executor, default: default } }
    executor: << parameters.on >>
    steps: [{ steps: << parameters.before >> }, hello]
`;

  it('brings a registry orb by the newest fitting version, with names meant where they are written', async () => {
    const text = `version: 2.1
orbs: { n: team/node@1.2 }
commands: { hello: { steps: [{ run: mine }] } }
executors: { mine: { docker: [{ image: mine }] } }
jobs: { a: { executor: { name: n/default, tag: "22" }, steps: [n/hello, hello] } }
workflows: { w: { jobs: [a, { n/test: { name: t, before: [hello], on: mine } }] } }
`;
    const found = await jobs(text, {
      orbs: { 'team/node@1.2.0': 'version: 2.1', 'team/node@1.2.10': orb, 'team/node@1.3.0': '' },
    });
    expect(found.a!.executor).toMatchObject({ images: [{ image: 'node:22' }] });
    expect(scripts(found.a)).toEqual(['hello orb', 'cat <<EOF\nEOF', 'mine']);
    expect(scripts(found.t)).toEqual(['mine', 'hello orb', 'cat <<EOF\nEOF']);
    expect(found.t!.executor).toMatchObject({ images: [{ image: 'mine' }] });
  });

  it('says once how to vendor an orb that is missing, and only when it is needed', async () => {
    const text = (jobs: string): string =>
      `version: 2.1\norbs:\n  n: team/node@1\njobs:\n  a: { machine: true, steps: [checkout] }\nworkflows: { w: { jobs: [${jobs}] } }\n`;
    expect(await errors(text('a'))).toEqual([]);
    const { problems } = await outcome(text('n/test, n/other'));
    expect(problems).toMatchObject([{ line: 3, message: 'The orb "team/node@1" is not on this machine' }]);
    expect(problems[0]!.hint).toContain('.circleci/orbs/team/node/1/orb.yml');
  });

  it('does not show the pipeline to an orb', async () => {
    const text = `version: 2.1
orbs:
  n:
    jobs: { t: { machine: true, steps: [{ run: "<< pipeline.number >>" }] } }
workflows: { w: { jobs: [n/t] } }
`;
    expect(await errors(text)).toEqual(['4:48 There is no "pipeline.number" here']);
  });
});

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
