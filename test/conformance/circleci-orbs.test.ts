import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { createCircleciDialect, directoryShelf, type OrbShelf } from '../../src/integrations/circleci/index.ts';
import { countedRows, nearestShelf, noFiles, push } from './compiling.ts';
import { conformanceFolder } from './folder.ts';

const folder = conformanceFolder('circleci');

function ownReference(usage: Record<string, unknown>, orb: string): string {
  const imported = Object.values((usage.orbs ?? {}) as Record<string, unknown>);
  const own = imported.find((one) => typeof one === 'string' && one.startsWith(`${orb}@`));
  return typeof own === 'string' ? own.slice(orb.length + 1) : '';
}

/**
 * What is wrong in published examples, in the words Millrace refuses them with; the table of docs/circleci.md says of each why CircleCI
 * refuses it as well. Orb tooling does not compile an example when it publishes it.
 */
const wrong: [name: string, says: RegExp][] = [
  ['An orb without a version', /is not an orb$|^The orb "[\w/-]+@x\.y" is not on this machine/],
  ['A job that does not exist', /^There is no job "/],
  ['An argument that does not exist', /has no parameter "/],
  ['A parameter that is not declared', /^There is no "parameters\./],
  ['An orb that is not imported', /^There is no step or command "aws-cli\//],
  ['A number where text is asked for', /must be a string, not the number \d/],
  ['`docker` without a list', /^"docker" must be a list/],
];

interface Tally {
  compiled: number;
  /** Of those, with another version of some orb they name exactly. */
  nearest: number;
  jobs: number;
  absent: string[];
  unexplained: string[];
  wrong: Map<string, number>;
}

async function compileExamples(root: string): Promise<Tally> {
  const orbs = JSON.parse(readFileSync(join(root, 'index.json'), 'utf8')) as {
    file: string;
    orb: string;
    version: string;
  }[];
  const shelf = directoryShelf(root);
  const texts = orbs.map((orb) => readFileSync(join(root, orb.file), 'utf8'));
  const nearest = nearestShelf(shelf, texts);
  const tally: Tally = { compiled: 0, nearest: 0, jobs: 0, absent: [], unexplained: [], wrong: new Map() };
  for (const [index, orb] of orbs.entries()) {
    const source = parse(texts[index]!, { maxAliasCount: -1 }) as {
      examples?: Record<string, { usage?: Record<string, unknown> }>;
    };
    // Examples name some older version of their own orb, or "x.y.z"; they are meant for the one they stand in.
    const own: OrbShelf = {
      versions: async (name) => (name === orb.orb ? [wantedVersion] : []),
      read: async () => shelf.read(orb.orb, orb.version),
    };
    let wantedVersion = '';
    const dialects = [
      [own, shelf],
      [own, shelf, nearest],
    ].map((shelves) => createCircleciDialect({ shelves }));
    for (const [name, example] of Object.entries(source.examples ?? {})) {
      if (!example.usage) continue;
      wantedVersion = ownReference(example.usage, orb.orb);
      const text = stringify({ version: 2.1, ...example.usage });
      const compile = (dialect: (typeof dialects)[number]) =>
        dialect.compile({ file: 'config.yml', text, tree: noFiles, trigger: push });
      let result = await compile(dialects[0]!);
      if (!result.plan) {
        result = await compile(dialects[1]!);
        if (result.plan) tally.nearest += 1;
      }
      if (result.plan) {
        tally.compiled += 1;
        tally.jobs += result.plan.workflows.reduce((sum, workflow) => sum + workflow.jobs.length, 0);
        continue;
      }
      const errors = result.problems.filter((problem) => problem.severity === 'error').map(({ message }) => message);
      const told = `${orb.orb}@${orb.version} ${name}: ${errors.slice(0, 3).join(' | ')}`;
      const kind = wrong.find(([, says]) => errors.some((message) => says.test(message)));
      if (kind) tally.wrong.set(kind[0], (tally.wrong.get(kind[0]) ?? 0) + 1);
      else if (errors.every((message) => message.includes('is not on this machine'))) tally.absent.push(told);
      else tally.unexplained.push(told);
    }
  }
  return tally;
}

describe.skipIf(!folder)('orbs of CircleCI (outside cases)', () => {
  it('compiles every example that is not wrong as published, and says so of the others', async () => {
    const tally = await compileExamples(join(folder!, 'orbs'));
    const refused = [...tally.wrong.values()].reduce((sum, count) => sum + count, 0);
    console.log(
      [
        `CircleCI orb examples: ${tally.compiled} compiled to ${tally.jobs} jobs (${tally.nearest} with another version of an orb they name), ` +
          `${refused} wrong as published, ${tally.absent.length} need an orb of which no version is here`,
        ...[...tally.wrong].map(([name, count]) => `  ${count} ${name}`),
        ...tally.absent,
      ].join('\n'),
    );
    expect(tally.unexplained).toEqual([]);
    expect([...tally.wrong].sort()).toEqual(countedRows('examples').sort());
  });
});
