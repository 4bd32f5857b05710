import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { foundationRooms, type Rule, rooms, rules } from './boundaries.ts';

const root = dirname(fileURLToPath(import.meta.url));
const repository = dirname(root);

interface Import {
  from: string;
  to: string;
}

function sourceFiles(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) return entry.name === 'node_modules' ? [] : sourceFiles(path);
    return /\.tsx?$/.test(entry.name) ? [path] : [];
  });
}

const specifier =
  /(?:^|\n)\s*(?:import|export)[^'"`;]*?from\s*['"](\.[^'"]+)['"]|import\s*\(\s*['"](\.[^'"]+)['"]\s*\)|(?:^|\n)\s*import\s*['"](\.[^'"]+)['"]/g;

function importsOf(path: string, text: string): Import[] {
  return [...text.matchAll(specifier)].map((match) => ({
    from: path,
    to: resolve(dirname(path), (match[1] ?? match[2] ?? match[3])!),
  }));
}

const inSource = (path: string): string =>
  relative(root, path)
    .replaceAll('\\', '/')
    .replace(/\.tsx?$/, '');
const topOf = (path: string): string => {
  const [top, second] = path.split('/');
  return top === 'integrations' && second && path.split('/').length > 2 ? `integrations/${second}` : top!;
};

/** Why an import is not allowed, or undefined. Paths are relative to `src/`, without extension. */
function violation(from: string, to: string, table: Rule[]): string | undefined {
  const fromTop = topOf(from);
  const toTop = topOf(to);
  if (fromTop === toTop) return undefined;
  const folder = fromTop.split('/')[0]!;
  const rule = table.find((candidate) => candidate.from === folder);
  if (!rule) return `no rule for ${folder}`;
  // The list of what ships may see every integration; integrations may not see each other.
  if (from === 'integrations/index' && to.startsWith('integrations/')) return undefined;
  const allowed = rule.may.some((may) => {
    if (may === '*') return true;
    if (may === 'integrations') return to === 'integrations/index' || /^integrations\/[^/]+\/index$/.test(to);
    if (may.startsWith('*/')) return [...foundationRooms, ...rooms].some((room) => to === `${room}/${may.slice(2)}`);
    return to === may || to.startsWith(`${may}/`);
  });
  return allowed ? undefined : `${from} imports ${to} (${folder}: ${rule.why})`;
}

const productFiles = sourceFiles(root).filter((path) => !/\.test\.tsx?$/.test(path) && inSource(path) !== 'boundaries');
const imports = productFiles.flatMap((path) => importsOf(path, readFileSync(path, 'utf8')));

describe('who may import whom', () => {
  it('reads a tree that is really there', () => {
    expect(productFiles.length).toBeGreaterThan(20);
    expect(imports.length).toBeGreaterThan(20);
  });

  it('finds a violation when one is planted', () => {
    expect(violation('pipelines/start-run', 'deployments/index', rules)).toContain('pipelines');
    expect(violation('kernel/ids', 'platform/room', rules)).toContain('kernel');
    expect(violation('deployments/rollout', 'projects/store', rules)).toContain('deployments');
    expect(violation('integrations/docker/client', 'integrations/compose/loader', rules)).toContain('integrations');
    expect(violation('deployments/rollout', 'projects/index', rules)).toBeUndefined();
    expect(
      importsOf('/x/a.ts', "import type { B } from './b.ts';\nexport * from '../c.ts';\nawait import('./d.ts');"),
    ).toHaveLength(3);
  });

  it('holds for every import, types included', () => {
    const found = imports
      .map(({ from, to }) => violation(inSource(from), inSource(to), rules))
      .filter((message) => message !== undefined);
    expect(found).toEqual([]);
  });

  it('has no cycles, type imports included', () => {
    const graph = new Map<string, string[]>();
    for (const { from, to } of imports) graph.set(inSource(from), [...(graph.get(inSource(from)) ?? []), inSource(to)]);
    const done = new Set<string>();
    const cycles: string[] = [];
    const walk = (node: string, path: string[]): void => {
      if (path.includes(node)) {
        cycles.push([...path.slice(path.indexOf(node)), node].join(' -> '));
        return;
      }
      if (done.has(node)) return;
      for (const next of graph.get(node) ?? []) walk(next, [...path, node]);
      done.add(node);
    };
    for (const node of graph.keys()) walk(node, []);
    expect(cycles).toEqual([]);
  });

  it('lets the browser import from the server only the types of contracts and kernel words', () => {
    const found = sourceFiles(join(repository, 'web')).flatMap((path) => {
      const text = readFileSync(path, 'utf8');
      return importsOf(path, text)
        .map(({ to }) => inSource(to))
        .filter((to) => !to.startsWith('..') && !/^(client|kernel)\//.test(to) && !/\/api$/.test(to))
        .map((to) => `${relative(repository, path)} imports ${to}`);
    });
    expect(found).toEqual([]);
  });
});

describe('the size and names of rooms', () => {
  it('keeps every source file at 400 lines or fewer', () => {
    const tooLong = [...productFiles, ...sourceFiles(join(repository, 'web'))]
      .map((path) => ({ path: relative(repository, path), lines: readFileSync(path, 'utf8').split('\n').length - 1 }))
      .filter(({ lines }) => lines > 400);
    expect(tooLong).toEqual([]);
  });

  it('has no folder or file whose name says nothing', () => {
    const empty = /(^|\/)(utils?|helpers?|common|misc|shared|lib|types|services)(\/|\.tsx?$)/;
    expect(productFiles.map((path) => relative(repository, path)).filter((path) => empty.test(path))).toEqual([]);
  });
});
