import type { ExpressionOf } from './ast.ts';
import type { Context } from './context.ts';
import type { Value } from './fields.ts';
import { NrqlError } from './problems.ts';

const escapeRegex = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** An aparse pattern as a regular expression: `%` skips, `*` captures, the rest stands for itself. */
function anchorPattern(pattern: string): string {
  const parts = pattern
    .split(/([%*])/)
    .map((part) => (part === '%' ? '.*?' : part === '*' ? '(.*?)' : escapeRegex(part)));
  return `(?is)^${parts.join('')}$`;
}

/** A LIKE pattern of NRQL for ILIKE: only `%` is a wildcard. */
export function likePattern(pattern: string): string {
  return pattern.replace(/[\\_]/g, '\\$&');
}

/** LIKE, RLIKE, capture() and aparse(). Patterns run on RE2 in the engine, so none can take exponential time. */
export function compilePattern(expression: ExpressionOf<'like'> | ExpressionOf<'call'>, context: Context): Value {
  if (expression.kind === 'like') return like(expression, context);
  const [subject, pattern] = expression.args.map((arg) => arg.value);
  if (!subject || !pattern || (pattern.kind !== 'string' && pattern.kind !== 'regex') || expression.args.length > 2) {
    throw new NrqlError(expression, `${expression.name}(text, pattern) takes a value and a quoted pattern`);
  }
  const value = context.compile(subject, 'string', context);
  const text = value.type === 'string' ? value.sql : `toString(${value.sql})`;
  const regex = expression.name === 'aparse' ? anchorPattern(pattern.value) : `^(?:${pattern.value})$`;
  const groups = capturedGroups(regex);
  if (groups.length === 0) {
    throw new NrqlError(
      pattern,
      'This pattern captures nothing',
      expression.name === 'aparse' ? 'Mark what to capture with *.' : "Name a group: r'.*(?P<name>[a-z]+)'.",
    );
  }
  // Empty texts never match here, so a missing value gives none.
  const found = `extractGroups(ifNull(${text}, ''), ${context.params.text(regex)})`;
  if (groups.length === 1) return { sql: `nullIf(arrayElement(${found}, ${groups[0]}), '')`, type: 'string' };
  return { sql: `arrayMap(group -> arrayElement(${found}, group), [${groups.join(', ')}])`, type: 'list' };
}

function like(expression: ExpressionOf<'like'>, context: Context): Value {
  const { operand, pattern, regex, negated } = expression;
  if (pattern.kind !== 'string' && pattern.kind !== 'regex') {
    if (pattern.kind === 'variable') context.compile(pattern, 'string', context);
    throw new NrqlError(pattern, `${regex ? 'RLIKE' : 'LIKE'} takes a quoted pattern`);
  }
  const value = context.compile(operand, 'string', context);
  const text = value.type === 'string' ? value.sql : `toString(${value.sql})`;
  const not = negated ? 'NOT ' : '';
  if (regex) return { sql: `${not}match(${text}, ${context.params.text(`^(?:${pattern.value})$`)})`, type: 'boolean' };
  return { sql: `${text} ${not}ILIKE ${context.params.text(likePattern(pattern.value))}`, type: 'boolean' };
}

/** Numbers (from 1) of the groups a pattern captures: the named ones where it has any, else all. */
function capturedGroups(regex: string): number[] {
  const all: number[] = [];
  const named: number[] = [];
  let inClass = false;
  for (let at = 0; at < regex.length; at += 1) {
    const character = regex[at];
    if (character === '\\') at += 1;
    else if (character === '[') inClass = true;
    else if (character === ']') inClass = false;
    else if (character === '(' && !inClass) {
      const isNamed = /^\(\?P?<[A-Za-z]/.test(regex.slice(at, at + 5));
      if (regex[at + 1] === '?' && !isNamed) continue;
      all.push(all.length + 1);
      if (isNamed) named.push(all.length);
    }
  }
  return named.length > 0 ? named : all;
}
