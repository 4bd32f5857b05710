import { parseDuration } from '../../kernel/durations.ts';
import { Fault } from '../../kernel/faults.ts';
import { type Dict, describe, isNull, isUnknown, type Node, type Scalar, textOf } from './node.ts';
import { toBoolean } from './parameters.ts';
import type { Problems } from './problems.ts';

/** Reads typed values out of nodes. What does not fit is reported once and comes back as undefined. */
export function readText(node: Node | undefined, what: string, problems: Problems): string | undefined {
  if (isNull(node) || isUnknown(node)) return undefined;
  if (node!.kind !== 'scalar') {
    problems.error(node!.at, `${what} must be a text, not ${describe(node!)}`);
    return undefined;
  }
  warnOfReading(node!, problems);
  return textOf(node!);
}

/** Warns of a plain value that YAML reads as something else than what is written, such as 3.10 and `yes`. */
function warnOfReading(node: Scalar, problems: Problems): void {
  const { value, plain } = node;
  if (plain === undefined || (typeof value !== 'number' && typeof value !== 'boolean')) return;
  const text = textOf(node);
  if (plain.toLowerCase() === text) return;
  problems.warning(
    node.at,
    `${plain} is a ${typeof value} to YAML and is read as ${text}`,
    `Write "${plain}" in quotes to keep it as it is.`,
  );
}

export function readInteger(node: Node | undefined, what: string, problems: Problems): number | undefined {
  if (isNull(node) || isUnknown(node)) return undefined;
  const number = node!.kind === 'scalar' ? Number(node!.value) : Number.NaN;
  if (node!.kind === 'scalar' && node!.value !== '' && Number.isSafeInteger(number)) return number;
  problems.error(node!.at, `${what} must be a whole number, not ${describe(node!)}`);
  return undefined;
}

export function readBoolean(node: Node | undefined, what: string, problems: Problems): boolean | undefined {
  if (isNull(node) || isUnknown(node)) return undefined;
  const value = toBoolean(node!);
  if (value === undefined && node!.kind === 'scalar' && (node!.value === 'true' || node!.value === 'false')) {
    return node!.value === 'true';
  }
  if (value === undefined) problems.error(node!.at, `${what} must be true or false, not ${describe(node!)}`);
  return value;
}

/** A text or a list of texts, as a list. */
export function readTexts(node: Node | undefined, what: string, problems: Problems): string[] | undefined {
  if (isNull(node) || isUnknown(node)) return undefined;
  if (node!.kind === 'scalar') return [textOf(node!)];
  if (node!.kind === 'list') {
    return node!.items.flatMap((item) => {
      if (item.kind === 'list') return readTexts(item, what, problems) ?? [];
      return readText(item, `Every item of ${what}`, problems) ?? [];
    });
  }
  problems.error(node!.at, `${what} must be a text or a list of texts, not ${describe(node!)}`);
  return undefined;
}

/** Milliseconds of a duration such as `10m` or `1.25h`. */
export function readDuration(node: Node | undefined, what: string, problems: Problems): number | undefined {
  const text = readText(node, what, problems);
  if (text === undefined) return undefined;
  try {
    return parseDuration(text);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    problems.error(node?.at, `${what} must be a duration such as "20m" or "1.25h", not "${text}"`);
    return undefined;
  }
}

/**
 * Entries of an environment: a map, or a list of maps and of texts `NAME=value` (version 2). Undefined when it is neither.
 */
export function environmentEntries(node: Node | undefined): Dict['entries'] | undefined {
  if (isNull(node) || isUnknown(node)) return new Map();
  if (node!.kind === 'map') return node!.entries;
  if (node!.kind !== 'list') return undefined;
  const all = node!.items.map((item) => {
    const one = pair(item);
    return one.kind === 'map' ? one.entries : undefined;
  });
  return all.includes(undefined) ? undefined : new Map(all.flatMap((entries) => [...entries!]));
}

/**
 * Environment variables. Null and absent values are empty; a pipeline value that is empty becomes `<nil>`. With `digits`, booleans
 * become `1` and `0`, as CircleCI has it in steps, and scripts of orbs rely on it.
 */
export function readEnvironment(node: Node | undefined, problems: Problems, digits = false): Record<string, string> {
  const found: Record<string, string> = {};
  const entries = environmentEntries(node);
  if (!entries) {
    problems.error(node!.at, `"environment" must be a map of names and values, not ${describe(node!)}`);
    return found;
  }
  for (const [name, { keyAt, value }] of entries) {
    if (value.kind !== 'scalar') {
      problems.error(value.at, `The value of "${name}" must be a text, not ${describe(value)}`);
      continue;
    }
    if (/[=\0]/.test(name) || name === '')
      problems.error(keyAt, `"${name}" cannot be the name of an environment variable`);
    else if (digits && typeof value.value === 'boolean') found[name] = value.value ? '1' : '0';
    else found[name] = value.builtin && value.value === null ? '<nil>' : (readText(value, name, problems) ?? '');
  }
  return found;
}

function pair(item: Node): Node {
  const match =
    item.kind === 'scalar' && typeof item.value === 'string' ? /^([A-Za-z_]\w*)=(.*)$/s.exec(item.value) : null;
  if (!match) return item;
  const value: Node = { kind: 'scalar', value: match[2]!, at: item.at };
  return { kind: 'map', at: item.at, entries: new Map([[match[1]!, { keyAt: item.at, value }]]) };
}

/** Reports keys that mean nothing here. CircleCI passes over those of built-in steps, so they are only warned of (`mildly`). */
export function checkKeys(
  node: Dict,
  known: readonly string[],
  what: string,
  problems: Problems,
  mildly = false,
): void {
  for (const [key, { keyAt }] of node.entries) {
    if (known.includes(key)) continue;
    const near = known.find((one) => close(one, key));
    const message = `${what} has no key "${key}"`;
    const hint = near ? `Did you mean "${near}"?` : undefined;
    if (mildly) problems.warning(keyAt, message, hint);
    else problems.extra(keyAt, message, hint);
  }
}

/** Whether two words differ by one slip: a letter left out, added, changed or swapped, or "_" for "-". */
function close(a: string, b: string): boolean {
  const [left, right] = [a, b].map((word) => word.toLowerCase().replaceAll('-', '_'));
  if (left === right) return true;
  if (Math.abs(left!.length - right!.length) > 1) return false;
  let start = 0;
  while (start < left!.length && left![start] === right![start]) start += 1;
  let end = 0;
  const shortest = Math.min(left!.length, right!.length);
  while (end < shortest - start && left!.at(-1 - end) === right!.at(-1 - end)) end += 1;
  return Math.max(left!.length, right!.length) - start - end <= 2 && shortest > 2;
}
