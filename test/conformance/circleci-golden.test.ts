import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { compileCircleci, processCircleci } from '../../src/integrations/circleci/compile.ts';
import type { OrbShelf } from '../../src/integrations/circleci/index.ts';
import type { Diagnostic } from '../../src/kernel/diagnostics.ts';
import type { Plan, PlannedJob, SourceTree, Trigger } from '../../src/pipelines/port.ts';

/**
 * Pairs of a source and what it must come to. A file holds a rule by name in its first line, then parts that begin with
 * `--- name`: `config`, `trigger` (YAML), `orb namespace/name@version`, `file path`, and what is expected: `flat` (the flat
 * configuration), `runs` (jobs that run for the trigger, and what each waits for), `problems` (severity, place, sentence).
 * MILLRACE_WRITE_GOLDEN=1 writes what comes out into those parts that stand there.
 */
const folder = fileURLToPath(new URL('../golden/circleci/', import.meta.url));
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.txt'))
  .sort();

interface Golden {
  rule: string;
  parts: Map<string, string>;
}

function read(text: string): Golden {
  const [head = '', ...rest] = text.split(/^--- /m);
  const parts = rest.map((part): [string, string] => {
    const end = part.indexOf('\n');
    return [part.slice(0, end).trim(), part.slice(end + 1)];
  });
  return { rule: head.trim(), parts: new Map(parts) };
}

function triggerOf(text: string | undefined): Trigger {
  const given = (text ? parse(text) : {}) as Partial<Trigger>;
  return {
    kind: 'push',
    ...(given.tag === undefined ? { branch: 'main' } : {}),
    sha: 'abcdef0123456789abcdef0123456789abcdef01',
    parameters: {},
    pipeline: { id: '0190a0a0-0000-7000-8000-000000000007', number: 7 },
    project: { id: 'prj', slug: 'team/shop', gitUrl: 'http://git/shop.git', defaultBranch: 'main' },
    commit: { message: 'Mend the door\n\nIt squeaked.', author: { name: 'Ada', email: 'ada@example.org' } },
    ...given,
  };
}

function shelfOf(parts: Golden['parts']): OrbShelf {
  const orbs = [...parts].filter(([name]) => name.startsWith('orb ')).map(([name, text]) => [name.slice(4), text]);
  const texts = new Map(orbs as [string, string][]);
  return {
    versions: async (orb) =>
      [...texts.keys()].flatMap((name) => (name.startsWith(`${orb}@`) ? [name.slice(orb.length + 1)] : [])),
    read: async (orb, version) => texts.get(`${orb}@${version}`),
    readAddress: async (address) => texts.get(address),
  };
}

function treeOf(parts: Golden['parts']): SourceTree {
  const found = new Map(
    [...parts].flatMap(([name, text]) => (name.startsWith('file ') ? [[name.slice(5), text]] : [])),
  );
  return { list: async () => [...found.keys()], read: async (path) => found.get(path) };
}

function runsOf(plan: Plan): string {
  const after = (job: PlannedJob): string =>
    job.requires
      .map(({ key, outcomes }) => {
        const name = key.slice(job.workflow.length + 1);
        return outcomes.length === 1 && outcomes[0] === 'success' ? name : `${name} (${outcomes.join('|')})`;
      })
      .join(', ');
  const lines = plan.workflows.flatMap((workflow) => [
    `${workflow.name}:`,
    ...workflow.jobs.map((job) => {
      const kind = job.kind === 'build' ? '' : ` [${job.kind}]`;
      return `  ${job.name}${kind}${job.requires.length > 0 ? ` after ${after(job)}` : ''}`;
    }),
  ]);
  for (const { workflow, cron } of plan.schedules ?? []) lines.push(`${workflow} at ${cron}`);
  return lines.length > 0 ? `${lines.join('\n')}\n` : 'nothing\n';
}

const toldOf = (problems: Diagnostic[]): string =>
  problems
    .filter(({ severity }) => severity !== 'info')
    .map(({ severity, file, line, column, message }) => {
      const place = file === 'config.yml' || !file ? `${line}:${column}` : `${file}:${line}:${column}`;
      return `${severity} ${place} ${message}\n`;
    })
    .join('');

async function outcome(golden: Golden): Promise<Map<string, string>> {
  const source = {
    file: 'config.yml',
    text: golden.parts.get('config') ?? '',
    tree: treeOf(golden.parts),
    trigger: triggerOf(golden.parts.get('trigger')),
  };
  const orbs = { shelves: [shelfOf(golden.parts)] };
  const compiled = await compileCircleci(source, orbs);
  const processed = await processCircleci(source, orbs);
  const told = toldOf(golden.parts.has('runs') || !compiled.plan ? compiled.problems : processed.problems);
  return new Map([
    ['flat', processed.text ?? ''],
    ['runs', compiled.plan ? runsOf(compiled.plan) : ''],
    ['problems', told],
  ]);
}

/** The plan without places, and without what a flat file has no words for. */
function bare(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(bare);
  if (value === null || typeof value !== 'object') return value;
  const kept = Object.entries(value).filter(([key]) => !['source', 'matrix', 'matrixName', 'serialSpan'].includes(key));
  return Object.fromEntries(kept.map(([key, one]) => [key, bare(one)]));
}

describe('golden pairs of CircleCI', () => {
  it.each(files)('%s', async (name) => {
    const path = join(folder, name);
    const golden = read(readFileSync(path, 'utf8'));
    const found = await outcome(golden);
    if (process.env.MILLRACE_WRITE_GOLDEN) {
      const wanted = ['flat', 'runs', 'problems'];
      const parts = [...golden.parts]
        .filter(([part]) => part !== 'problems' || found.get('problems') !== '')
        .map(([part, text]) => `--- ${part}\n${wanted.includes(part) ? found.get(part) : text}`);
      if (found.get('problems') && !golden.parts.has('problems')) parts.push(`--- problems\n${found.get('problems')}`);
      writeFileSync(path, `${golden.rule}\n${parts.join('')}`);
      return;
    }
    expect(golden.rule).not.toBe('');
    expect(golden.parts.has('flat') || golden.parts.has('runs') || golden.parts.has('problems')).toBe(true);
    for (const part of ['flat', 'runs']) {
      const want = golden.parts.get(part);
      if (want !== undefined) expect(found.get(part)).toBe(want);
    }
    expect(found.get('problems')).toBe(golden.parts.get('problems') ?? '');
  });

  it('compiles a flat form to the same plan as its source', async () => {
    for (const name of files) {
      const golden = read(readFileSync(join(folder, name), 'utf8'));
      const flat = golden.parts.get('flat');
      // A setup configuration is of version 2.1, and its flat form is not. Numbers that tell workflows apart are in the flat form only.
      if (!flat || golden.parts.has('problems') || /^setup: true|^ {2}hi-1:/m.test(flat)) continue;
      const trigger = triggerOf(golden.parts.get('trigger'));
      const common = { file: 'config.yml', tree: treeOf(golden.parts), trigger };
      const first = await compileCircleci(
        { ...common, text: golden.parts.get('config')! },
        { shelves: [shelfOf(golden.parts)] },
      );
      const second = await compileCircleci({ ...common, text: flat }, { shelves: [] });
      const errors = second.problems.filter(({ severity }) => severity === 'error');
      expect({ name, errors, plan: bare(second.plan?.workflows) }).toEqual({
        name,
        errors: [],
        plan: bare(first.plan?.workflows),
      });
    }
  });

  it('covers every rule by name', () => {
    const rules = files.map((name) => read(readFileSync(join(folder, name), 'utf8')).rule);
    console.log(`CircleCI golden pairs: ${rules.length}\n${rules.map((rule) => `  ${rule}`).join('\n')}`);
    expect(new Set(rules).size).toBe(rules.length);
    expect(rules.length).toBeGreaterThanOrEqual(150);
  });
});
