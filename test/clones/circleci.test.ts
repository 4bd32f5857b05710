import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createCircleciDialect, directoryShelf } from '../../src/integrations/circleci/index.ts';
import { countedRows, nearestShelf, noFiles, push } from '../conformance/compiling.ts';
import { conformanceFolder } from '../conformance/folder.ts';
import { repositories } from './repositories.ts';

/**
 * The CircleCI files of public repositories, of which none is kept here: MILLRACE_REPOSITORIES names a folder of clones, laid out as
 * `<owner>/<name>`. Their orbs are those of the outside cases. `npm test` does not run it; `npm run test:clones` does.
 */
const clones = process.env.MILLRACE_REPOSITORIES;
const folder = conformanceFolder('circleci');
if (!clones) throw new Error('MILLRACE_REPOSITORIES must name the folder of the clones');
if (!folder) throw new Error('The outside cases of CircleCI are not beside the checkout');

const fileOf = (name: string, commit: string): string =>
  execFileSync('git', ['-C', join(clones as string, name), 'show', `${commit}:.circleci/config.yml`], {
    encoding: 'utf8',
    maxBuffer: 10_000_000,
  });

const compiles = 'Compile as they are';
const nearly = 'Compile with another version of an orb';
const absent = 'Name an orb of which no version is here';

describe('CircleCI files of public repositories', () => {
  it('compile, as far as their orbs are here', async () => {
    const texts = repositories.map(([name, commit]) => fileOf(name, commit));
    const shelf = directoryShelf(join(folder as string, 'orbs'));
    const dialects = [[shelf], [shelf, nearestShelf(shelf, texts)]].map((shelves) =>
      createCircleciDialect({ shelves }),
    );
    const counts = new Map([compiles, nearly, absent].map((outcome) => [outcome, 0]));
    const unexplained: string[] = [];
    const told: string[] = [];
    for (const [index, [name]] of repositories.entries()) {
      const source = { file: '.circleci/config.yml', text: texts[index]!, tree: noFiles, trigger: push };
      const [exact, near] = [await dialects[0]!.compile(source), await dialects[1]!.compile(source)];
      const missing = exact.problems.filter(({ severity }) => severity === 'error').map(({ message }) => message);
      const outcome = exact.plan ? compiles : near.plan ? nearly : absent;
      if (!exact.plan && !missing.every((message) => message.includes('is not on this machine')))
        unexplained.push(`${name}: ${missing.join(' | ')}`);
      counts.set(outcome, counts.get(outcome)! + 1);
      const jobs = (exact.plan ?? near.plan)?.workflows.reduce((sum, workflow) => sum + workflow.jobs.length, 0);
      const lines = source.text.trimEnd().split('\n').length;
      told.push(`${name}: ${lines} lines, ${jobs === undefined ? missing.join(' | ') : `${jobs} jobs`} (${outcome})`);
    }
    console.log([...told, ...[...counts].map(([outcome, count]) => `${count} ${outcome}`)].join('\n'));
    expect(unexplained).toEqual([]);
    expect([...counts]).toEqual(countedRows('repositories'));
  });
});
