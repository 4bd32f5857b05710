import { type ExpressionValue, evaluateExpression } from './expression/evaluate.ts';
import type { ExpressionError } from './expression/tokens.ts';
import { limits } from './limits.ts';
import { type Entry, isUnknown, type Node, type Scalar, scalar, textOf } from './node.ts';
import type { Problems } from './problems.ts';
import type { Scope } from './scope.ts';

type Part =
  | { kind: 'text'; text: string }
  | { kind: 'value'; source: string; offset: number }
  | { kind: 'open'; source: string; offset: number; inverted: boolean }
  | { kind: 'close'; source: string; offset: number };

const simpleReference = /^[a-zA-Z_][\w-]*(?:\.[\w-]+)+$/;

/** What templating needs besides the scope: where to report, whether the text is an orb's, and how much may still grow. */
export interface Templating {
  problems: Problems;
  /** Text packed into an orb keeps `<<` it cannot read: shell scripts are included there as they are. */
  lenient: boolean;
  /** The element may never be used: a name it does not have is only a warning. */
  unused?: boolean | undefined;
  budget: { characters: number };
}

/**
 * A node with every `<< >>` in it replaced, once. A scalar that is nothing but one reference takes the value with its
 * type (a list of steps, a number); inside a longer text it becomes text. Keys are templated too.
 */
export function substitute(node: Node, scope: Scope, templating: Templating): Node {
  if (node.kind === 'scalar') return substituteScalar(node, scope, templating);
  if (node.kind === 'list') {
    let changed = false;
    const items = node.items.map((item) => {
      const replaced = substitute(item, scope, templating);
      changed ||= replaced !== item;
      return replaced;
    });
    return changed ? { ...node, items } : node;
  }
  let changed = false;
  const entries = new Map<string, Entry>();
  for (const [key, entry] of node.entries) {
    const name = key.includes('<<') ? keyText(key, entry, scope, templating) : key;
    const value = substitute(entry.value, scope, templating);
    changed ||= value !== entry.value || name !== key;
    entries.set(name, value === entry.value ? entry : { ...entry, value });
  }
  return changed ? { ...node, entries } : node;
}

function keyText(key: string, entry: Entry, scope: Scope, templating: Templating): string {
  const replaced = substituteScalar(scalar(key, entry.keyAt), scope, templating);
  return replaced.kind === 'scalar' && replaced.unknown === undefined ? textOf(replaced) : key;
}

function substituteScalar(node: Scalar, scope: Scope, templating: Templating): Node {
  if (typeof node.value !== 'string' || !node.value.includes('<<')) return node;
  const parts = split(node, templating);
  if (!parts) return node;
  const only = parts.length === 1 ? parts[0] : undefined;
  if (only?.kind === 'value') return valueAt(only, node, scope, templating);
  const text = render(parts, node, scope, templating);
  if (text === undefined) return { ...scalar(null, node.at), unknown: 'string' };
  templating.budget.characters -= text.length;
  if (text.length > limits.scalarCharacters || templating.budget.characters < 0) {
    templating.problems.error(node.at, 'Templates make this text too long');
    return scalar('', node.at);
  }
  return { ...scalar(text, node.at), block: node.block };
}

/** Undefined when a part is unknown while linting: then the whole text is. */
function render(parts: Part[], node: Scalar, scope: Scope, templating: Templating): string | undefined {
  let text = '';
  let unknown = false;
  const open: { source: string; shown: boolean }[] = [];
  for (const part of parts) {
    if (part.kind === 'close') {
      const section = open.pop();
      if (section?.source !== part.source) {
        templating.problems.error(
          placeIn(node, part.offset),
          `"<</${part.source}>>" closes a section that is not open`,
        );
      }
      continue;
    }
    if (part.kind === 'open') {
      const value = valueAt(part, node, scope, templating);
      unknown ||= isUnknown(value);
      open.push({ source: part.source, shown: isUnknown(value) || truthyNode(value) !== part.inverted });
      continue;
    }
    if (open.some((section) => !section.shown)) continue;
    if (part.kind === 'text') {
      text += part.text;
      continue;
    }
    const value = valueAt(part, node, scope, templating);
    if (value.kind !== 'scalar') {
      templating.problems.error(
        placeIn(node, part.offset),
        `"${part.source}" is ${value.kind === 'list' ? 'a list' : 'a map'} and cannot stand inside a text`,
      );
    } else if (value.unknown) unknown = true;
    else text += textOf(value);
  }
  for (const section of open) {
    templating.problems.error(node.at, `The section "<<#${section.source}>>" is not closed`);
  }
  return unknown ? undefined : text;
}

function split(node: Scalar, templating: Templating): Part[] | undefined {
  const text = String(node.value);
  const parts: Part[] = [];
  let position = 0;
  let pending = '';
  const flush = (): void => {
    if (pending !== '') parts.push({ kind: 'text', text: pending });
    pending = '';
  };
  const mark = /(\\?)<</g;
  for (let match = mark.exec(text); match; match = mark.exec(text)) {
    pending += text.slice(position, match.index);
    if (match[1]) {
      pending += '<<';
      position = mark.lastIndex;
      continue;
    }
    const end = text.indexOf('>>', mark.lastIndex);
    const source = end === -1 ? '' : text.slice(mark.lastIndex, end).trim();
    if (end === -1 || (templating.lenient && !readable(source))) {
      if (!templating.lenient) {
        templating.problems.error(
          placeIn(node, match.index),
          'This "<<" is not closed by ">>"',
          'Write "\\<<" where the shell shall see "<<", for example in a heredoc.',
        );
        return undefined;
      }
      pending += '<<';
      position = mark.lastIndex;
      continue;
    }
    flush();
    parts.push(part(source, match.index));
    position = end + 2;
    mark.lastIndex = position;
  }
  pending += text.slice(position);
  flush();
  return parts;
}

function part(source: string, offset: number): Part {
  const name = source.slice(1).trim();
  if (source.startsWith('#')) return { kind: 'open', source: name, offset, inverted: false };
  if (source.startsWith('^')) return { kind: 'open', source: name, offset, inverted: true };
  if (source.startsWith('/')) return { kind: 'close', source: name, offset };
  return { kind: 'value', source, offset };
}

function readable(source: string): boolean {
  return /^[#^/]?\s*(?:not\s+|!\s*|\()*(?:parameters|pipeline|matrix)\.[^\n]*$/.test(source);
}

function valueAt(part: { source: string; offset: number }, node: Scalar, scope: Scope, templating: Templating): Node {
  const at = placeIn(node, part.offset);
  if (simpleReference.test(part.source)) {
    const found = scope.lookup(part.source);
    if (found === undefined) {
      const message = `There is no "${part.source}" here`;
      if (templating.unused) templating.problems.warning(at, message, scope.hint(part.source));
      else templating.problems.error(at, message, scope.hint(part.source));
      return { ...scalar(null, at), unknown: 'any' };
    }
    return found.kind === 'scalar' ? { ...found, at: node.at } : found;
  }
  return expressionNode(part.source, at, scope, templating);
}

/** The value of a string expression as a node. Variables that are lists or maps have no value in an expression. */
export function expressionNode(source: string, at: Scalar['at'], scope: Scope, templating: Templating): Scalar {
  let unknown = false;
  const result = evaluateExpression(source, (name) => {
    const found = scope.lookup(name);
    if (found === undefined) return undefined;
    if (isUnknown(found)) {
      unknown = true;
      return null;
    }
    return found.kind === 'scalar' ? found.value : null;
  });
  if (unknown) return { ...scalar(null, at), unknown: 'any' };
  if (!result.ok) {
    const column = at.column + result.error.charPos;
    templating.problems.error(
      at,
      `"${shown(source)}" is not an expression: ${describeExpressionError(result.error)} (character ${result.error.charPos + 1})`,
      source.includes('\n') || column > 10_000
        ? 'Write "\\<<" where the shell shall see "<<", for example in a heredoc.'
        : undefined,
    );
    return { ...scalar(null, at), unknown: 'any' };
  }
  return scalar(plainValue(result.value), at);
}

/** The beginning of an expression, on one line. */
function shown(source: string): string {
  const line = source.split('\n')[0]!.slice(0, 80);
  return line === source ? line : `${line}...`;
}

function plainValue(value: ExpressionValue): Scalar['value'] {
  if (value === undefined) return null;
  if (typeof value === 'object') return value.pattern;
  return typeof value === 'bigint' ? Number(value) : value;
}

/** What went wrong in an expression, in words. */
function describeExpressionError(error: ExpressionError): string {
  const word = error.lexeme === '' ? 'the end' : `"${error.lexeme}"`;
  switch (error.errorType) {
    case 'Scanner/INCOMPLETE_EQUALS':
      return 'a single "="; equality is written "=="';
    case 'Scanner/UNTERMINATED_STRING':
      return 'a string that is not closed';
    case 'Scanner/UNTERMINATED_PATTERN':
      return 'a pattern that is not closed';
    case 'Scanner/INVALID_PATTERN':
      return 'a pattern that is not a regular expression';
    case 'Scanner/INVALID_PATTERN_CHARACTER':
      return `${word} may not stand in a pattern`;
    case 'Scanner/PATTERN_TOO_LONG':
      return 'a pattern that is too long';
    case 'Scanner/NUMBER_OUT_OF_RANGE':
      return `${word} does not fit in 64 bits`;
    case 'Scanner/UNEXPECTED_CHARACTER':
      return `${word} has no meaning here`;
    case 'Scanner/TOO_LONG':
      return 'it is too long';
    case 'Parser/EXPECTED_EXPRESSION':
      return `a value is missing before ${word}`;
    case 'Parser/EXPECTED_RIGHT_PAREN':
      return 'a ")" is missing';
    case 'Parser/UNEXPECTED_ADDITIONAL_INPUT':
      return `${word} is left over`;
    case 'Parser/TOO_DEEP':
      return 'it is nested too deep';
    case 'Interpreter/EXPECTED_NUMERIC_OPERAND':
      return `${word} needs a number on both sides`;
    case 'Interpreter/EXPECTED_STRING_OPERAND':
      return `${word} needs text on both sides`;
    case 'Interpreter/EXPECTED_PATTERN_OPERAND':
      return `${word} needs a /pattern/ on its right`;
    case 'Interpreter/UNKNOWN_VARIABLE':
      return `there is no ${word} here`;
  }
}

/** Falsy as in CircleCI's logic statements: false, null, 0, not a number, the empty string. */
export function truthyNode(node: Node): boolean {
  if (node.kind === 'scalar') return Boolean(node.value);
  return node.kind === 'list' ? node.items.length > 0 : node.entries.size > 0;
}

/** The line of a character inside a block text; the start of any other scalar. */
function placeIn(node: Scalar, offset: number): Scalar['at'] {
  if (!node.block) return node.at;
  const before = String(node.value).slice(0, offset).split('\n');
  return { ...node.at, line: node.at.line + before.length };
}
