import { describe, expect, it } from 'vitest';
import { errors, jobs, outcome, scripts } from '../../../test/harness/circleci-plans.ts';

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
