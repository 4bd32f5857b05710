import type { SourcePosition } from '../../pipelines/port.ts';
import { type Compilation, templatingFor } from './compilation.ts';
import { baseScope } from './library.ts';
import { limits } from './limits.ts';
import { cellSuffix, readMatrix } from './matrix.ts';
import { child, type Dict, describe, type Entry, isNull, type Library, type Node, textOf } from './node.ts';
import { readText } from './read.ts';
import { type Requirement, readRequires } from './requires.ts';
import { createScope, type Scope } from './scope.ts';
import { substitute } from './template.ts';

/** Keys of an invocation that are not arguments of the job. */
export const invocationKeys = [
  'name',
  'requires',
  'context',
  'type',
  'filters',
  'matrix',
  'pre-steps',
  'post-steps',
  'serial-group',
  'override-with',
];

/** One item of a workflow's `jobs` (or of a job group's), as written. */
export interface WrittenInvocation {
  job: string;
  at: SourcePosition;
  settings: Map<string, Entry>;
}

/** One job of a workflow: an invocation, or one cell of its matrix, with templates replaced. */
export interface Invocation {
  job: string;
  name: string;
  /** Other names by which it can be required: a matrix alias, its template, its job group. */
  aliases: Set<string>;
  at: SourcePosition;
  settings: Map<string, Entry>;
  cell: Map<string, Entry> | undefined;
  /** The alias of the matrix it is a cell of, or the name of its job. */
  matrixName: string | undefined;
  requires: Requirement[];
  /** Its name was given, not made. */
  named: boolean;
  /** The name it shared with others before all of them were numbered. */
  numbered?: string | undefined;
  group?: string | undefined;
  /** The job group whose serial group it is in: its members have their turn together. */
  span?: string | undefined;
}

/** Reads a list of invocations. */
export function readInvocations(
  node: Node | undefined,
  at: SourcePosition,
  what: string,
  compilation: Compilation,
): WrittenInvocation[] {
  const { problems } = compilation;
  if (node?.kind !== 'list') {
    problems.error(node && !isNull(node) ? node.at : at, `${what} needs "jobs", a list of jobs`);
    return [];
  }
  return node.items.flatMap((item): WrittenInvocation[] => {
    if (item.kind === 'list') return readInvocations(item, at, what, compilation);
    if (item.kind === 'scalar') {
      if (item.value !== null) return [{ job: textOf(item), at: item.at, settings: new Map() }];
      problems.error(item.at, 'This names no job');
      return [];
    }
    const [first] = item.entries;
    if (!first) {
      problems.error(item.at, 'This names no job');
      return [];
    }
    if (item.entries.size > 1) {
      // A setting that is not indented enough: CircleCI takes the job and passes over the rest.
      const lost = [...item.entries.keys()].slice(1).join(', ');
      const message = `"${first[0]}" does not get ${lost}, which stand beside it`;
      problems.warning(item.at, message, `Indent what belongs to "${first[0]}" below it.`);
    }
    const [job, { keyAt, value }] = first;
    if (value.kind === 'map') return [{ job, at: keyAt, settings: value.entries }];
    if (!isNull(value)) problems.error(value.at, `The settings of "${job}" must be a map, not ${describe(value)}`);
    return [{ job, at: keyAt, settings: new Map() }];
  });
}

/** Expands the matrix of an invocation and replaces templates in each cell. */
export function expandInvocation(written: WrittenInvocation, library: Library, compilation: Compilation): Invocation[] {
  const { problems } = compilation;
  const matrixNode = written.settings.get('matrix')?.value;
  const replaced = matrixNode && replace(matrixNode, baseScope(library), library, compilation);
  const matrix = readMatrix(replaced, problems);
  const cells = matrix ? matrix.cells : [undefined];
  compilation.budget.jobs -= cells.length;
  if (compilation.budget.jobs < 0) {
    problems.error(written.at, `The file expands to more than ${limits.jobs} jobs`);
    return [];
  }
  return cells.map((cell) => expandCell(written, cell, matrix?.alias, library, compilation));
}

function expandCell(
  written: WrittenInvocation,
  cell: Map<string, Entry> | undefined,
  alias: string | undefined,
  library: Library,
  compilation: Compilation,
): Invocation {
  const values = cell && new Map([...cell].map(([name, { value }]) => [name, value]));
  const scope = createScope({ matrix: values, pipeline: library.pipeline });
  const settings = new Map<string, Entry>();
  for (const [key, entry] of written.settings) {
    if (key === 'matrix' || key === 'requires') continue;
    const raw = key === 'filters' && entry.value.kind === 'scalar' && !String(entry.value.value).includes('<<');
    settings.set(key, raw ? entry : { ...entry, value: replace(entry.value, scope, library, compilation) });
  }
  const nameNode = settings.get('name')?.value;
  const given = readText(nameNode, '"name"', compilation.problems);
  const suffix = cell ? cellSuffix(cell) : '';
  const aliases = new Set<string>();
  const template = written.settings.get('name')?.value;
  if (cell) aliases.add(alias ?? written.job);
  if (template?.kind === 'scalar' && textOf(template).includes('<<')) aliases.add(textOf(template));
  return {
    job: written.job,
    name: given || `${written.job}${suffix}`,
    named: Boolean(given) || cell !== undefined,
    aliases,
    at: written.at,
    settings,
    cell,
    matrixName: cell && (alias ?? written.job),
    requires: requirements(written.settings.get('requires')?.value, cell, scope, library, compilation),
  };
}

/**
 * Requirements with templates replaced. Outside a matrix a name that still holds `<< matrix.x >>` is kept as written: it
 * means the matrix job whose `name` is written the same way.
 */
function requirements(
  node: Node | undefined,
  cell: Map<string, Entry> | undefined,
  scope: Scope,
  library: Library,
  compilation: Compilation,
): Requirement[] {
  if (node === undefined) return [];
  const items = node.kind === 'list' ? node.items : [node];
  return items.flatMap((item) => {
    const kept = !cell && item.kind === 'scalar' && /<<\s*matrix\./.test(textOf(item));
    return readRequires(kept ? item : replace(item, scope, library, compilation), compilation.problems);
  });
}

function replace(node: Node, scope: Scope, library: Library, compilation: Compilation): Node {
  return compilation.templates ? substitute(node, scope, templatingFor(compilation, library)) : node;
}

/**
 * Gives every invocation a name of its own: those of one name become `name-1`, `name-2`, also when the name was given. Nothing can
 * require one of them by the name they share.
 */
export function nameInvocations(invocations: Invocation[], compilation: Compilation): void {
  const byName = new Map<string, Invocation[]>();
  for (const one of invocations) byName.set(one.name, [...(byName.get(one.name) ?? []), one]);
  for (const [name, all] of byName) {
    if (all.length < 2) continue;
    for (const one of all.filter(({ named }) => named).slice(1)) {
      const message = `${all.length} jobs of this workflow are called "${name}", so they are numbered`;
      compilation.problems.warning(one.at, message, 'Give each a "name" of its own.');
    }
    let number = 0;
    for (const one of all) {
      do number += 1;
      while (byName.has(`${name}-${number}`));
      one.aliases.add(name);
      one.numbered = name;
      one.name = `${name}-${number}`;
    }
  }
}

function settingsMap(invocation: Invocation): Dict {
  return { kind: 'map', at: invocation.at, entries: invocation.settings };
}

export function setting(invocation: Invocation, key: string): Node | undefined {
  return child(settingsMap(invocation), key);
}
