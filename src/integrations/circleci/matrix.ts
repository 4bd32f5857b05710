import { limits } from './limits.ts';
import { child, describe, type Entry, isNull, isUnknown, type Node, textOf, toJson } from './node.ts';
import type { Problems } from './problems.ts';
import { checkKeys, readText } from './read.ts';

export interface Matrix {
  /** Name under which others can require all cells. */
  alias: string | undefined;
  cells: Map<string, Entry>[];
}

/** The cells of a matrix, in the order CircleCI makes them: the first parameter changes slowest. */
export function readMatrix(node: Node | undefined, problems: Problems): Matrix | undefined {
  if (isNull(node) || isUnknown(node)) return undefined;
  if (node!.kind !== 'map') {
    problems.error(node!.at, `"matrix" must be a map with "parameters", not ${describe(node!)}`);
    return undefined;
  }
  checkKeys(node!, ['parameters', 'exclude', 'alias'], '"matrix"', problems);
  const alias = readText(child(node, 'alias'), '"alias"', problems);
  const axes = readAxes(node!, problems);
  const size = axes.reduce((product, [, , values]) => product * values.length, 1);
  if (size > limits.matrixCells) {
    problems.error(node!.at, `This matrix has ${size} cells; ${limits.matrixCells} are allowed`);
    return { alias, cells: [] };
  }
  let cells: Map<string, Entry>[] = [new Map()];
  for (const [name, keyAt, values] of axes) {
    cells = cells.flatMap((cell) =>
      values.map((value) => new Map([...cell, [name, { keyAt: placeOf(value, keyAt), value }]])),
    );
  }
  const excluded = readExcluded(
    child(node, 'exclude'),
    axes.map(([name]) => name),
    problems,
  );
  const left = cells.filter(
    (cell) => !excluded.some((one) => one.every(([name, text]) => cellText(cell, name) === text)),
  );
  if (axes.length > 0 && left.length === 0 && size > 0)
    problems.error(node!.at, 'This matrix excludes all of its cells');
  return { alias, cells: axes.length === 0 ? [] : left };
}

/** Where a cell's value is told to be wrong: at the value, unless it was filled in from elsewhere. */
const placeOf = (value: Node, keyAt: Entry['keyAt']): Entry['keyAt'] =>
  value.at.file === keyAt.file ? value.at : keyAt;

type Axis = [name: string, keyAt: Entry['keyAt'], values: Node[]];

function readAxes(node: Node, problems: Problems): Axis[] {
  const parameters = child(node, 'parameters');
  if (parameters?.kind !== 'map' || parameters.entries.size === 0) {
    if (!isUnknown(parameters))
      problems.error(node.at, '"matrix" needs "parameters", a map of names with lists of values');
    return [];
  }
  return [...parameters.entries].flatMap(([name, { keyAt, value }]): Axis[] => {
    if (isUnknown(value)) return [[name, keyAt, [value]]];
    if (value.kind === 'list' && value.items.length > 0) return [[name, keyAt, value.items]];
    problems.error(
      value.at,
      `The matrix parameter "${name}" needs a list with at least one value, not ${describe(value)}`,
    );
    return [];
  });
}

function readExcluded(node: Node | undefined, names: string[], problems: Problems): [string, string][][] {
  if (isNull(node) || isUnknown(node)) return [];
  if (node!.kind !== 'list') {
    problems.error(node!.at, `"exclude" must be a list of maps, not ${describe(node!)}`);
    return [];
  }
  return node!.items.flatMap((item) => {
    const given = item.kind === 'map' ? [...item.entries] : [];
    const complete = given.length === names.length && names.every((name) => given.some(([one]) => one === name));
    if (!complete) {
      problems.error(item.at, `Every exclusion names all matrix parameters: ${names.join(', ')}`);
      return [];
    }
    return [given.map(([name, { value }]): [string, string] => [name, valueText(value)])];
  });
}

function cellText(cell: Map<string, Entry>, name: string): string {
  return valueText(cell.get(name)?.value);
}

function valueText(node: Node | undefined): string {
  if (node === undefined) return '';
  return node.kind === 'scalar' ? (node.plain ?? textOf(node)) : JSON.stringify(toJson(node));
}

/** How a value stands in a job's name; an executor with arguments by its own name. */
function nameOf(node: Node): string {
  if (node.kind === 'scalar') return textOf(node);
  const name = child(node, 'name');
  return name?.kind === 'scalar' ? textOf(name) : 'x';
}

/** The part of a job's name that tells cells apart: `-a-b`, values in the alphabetical order of their parameters' names. */
export function cellSuffix(cell: Map<string, Entry>): string {
  return [...cell]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, { value }]) => `-${nameOf(value)}`)
    .join('');
}

/** The cell as the plan keeps it. */
export function cellValues(cell: Map<string, Entry>): Record<string, string | number | boolean> {
  return Object.fromEntries(
    [...cell].map(([name, { value }]) => [name, value.kind === 'scalar' ? (value.value ?? '') : nameOf(value)]),
  );
}
