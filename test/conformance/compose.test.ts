import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { type Plain, readDocument } from '../../src/integrations/compose/document.ts';
import { readDotenv } from '../../src/integrations/compose/dotenv.ts';
import { InterpolationError, interpolate } from '../../src/integrations/compose/interpolate.ts';
import { checkCompose, composeLoader } from '../../src/integrations/compose/loader.ts';
import { canonical, mergeProjects } from '../../src/integrations/compose/merge.ts';
import { hasErrors } from '../../src/kernel/diagnostics.ts';

interface Case {
  id: string;
  kind: 'load' | 'merge' | 'unicity' | 'substitute' | 'dotenv';
  expect?: 'valid' | 'invalid';
  input?: string;
  base?: string;
  override?: string;
  template?: string;
  env?: Record<string, string>;
  want?: unknown;
  error?: boolean;
}

/** The cases lie beside the repository, at whatever distance. */
function findCases(): string | undefined {
  for (let directory = dirname(fileURLToPath(import.meta.url)); ; directory = dirname(directory)) {
    const candidate = join(directory, 'shared/conformance/compose');
    if (existsSync(join(candidate, 'cases.json'))) return candidate;
    if (directory === dirname(directory)) return undefined;
  }
}

const folder = findCases();
const cases: Case[] = folder ? JSON.parse(readFileSync(join(folder, 'cases.json'), 'utf8')) : [];
const of = (kind: Case['kind']): [string, Case][] =>
  cases.filter((one) => one.kind === kind).map((one) => [one.id, one]);
const yaml = (text: string): Plain => readDocument('compose.yaml', text, () => undefined).values[0] as Plain;

describe.skipIf(!folder)('Compose cases (skipped where shared/conformance/compose is not beside the checkout)', () => {
  test.each(of('substitute'))('%s', (_, one) => {
    const run = () => interpolate(one.template!, (name) => one.env?.[name]);
    if (one.error) expect(run).toThrow(InterpolationError);
    else expect(run()).toBe(one.want);
  });

  test.each(of('dotenv'))('%s', (_, one) => {
    expect(readDotenv(one.input!)).toMatchObject(one.want as Record<string, string>);
  });

  test.each(of('unicity'))('%s', (_, one) => {
    expect(canonical(yaml(one.input!))).toEqual(canonical(yaml(one.want as string)));
  });

  test.each(of('merge'))('%s', (_, one) => {
    expect(mergeProjects(yaml(one.base!), yaml(one.override!))).toEqual(canonical(yaml(one.want as string)));
  });

  test.each(of('load'))('%s', (_, one) => {
    const problems = checkCompose('compose.yaml', one.input!);
    expect(hasErrors(problems), JSON.stringify(problems)).toBe(one.expect === 'invalid');
    for (const problem of problems) expect(problem.file).toBe('compose.yaml');
  });

  const projects: { id: string; dir: string; main: string | null; files: string[]; expect: string }[] = folder
    ? JSON.parse(readFileSync(join(folder, 'projects.json'), 'utf8'))
    : [];
  test.each(projects.map((one) => [one.id, one] as const))('%s', async (_, one) => {
    const root = join(folder!, one.dir);
    const paths = walk(root).map((path) => relative(root, path));
    const tree = {
      list: async () => paths,
      read: async (path: string) => (paths.includes(path) ? readFileSync(join(root, path), 'utf8') : undefined),
    };
    const mains = one.main ? [one.main] : paths.filter((path) => /\.ya?ml$/.test(path));
    for (const main of mains) {
      const loaded = await composeLoader.load(tree, [main]);
      if (one.expect !== 'valid') continue;
      expect(loaded.problems.filter((problem) => problem.severity === 'error')).toEqual([]);
      expect(loaded.services.length).toBeGreaterThan(0);
    }
  });
});

function walk(directory: string): string[] {
  return readdirSync(directory).flatMap((name) => {
    const path = join(directory, name);
    return statSync(path).isDirectory() ? walk(path) : [path];
  });
}
