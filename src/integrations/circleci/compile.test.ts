import { describe, expect, it } from 'vitest';
import { jobs, one, plan, scripts, two } from '../../../test/harness/circleci-plans.ts';

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
