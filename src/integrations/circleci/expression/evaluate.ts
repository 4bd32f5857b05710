import { RE2JS } from 're2js';
import { limits } from '../limits.ts';
import { type ExpressionNode, parse } from './parse.ts';
import { type ExpressionError, type ExpressionErrorType, ExpressionFailure, type Token } from './tokens.ts';

/** A value of the language. `undefined` is a variable that is declared and has no value; integers have 64 bits. */
export type ExpressionValue = string | boolean | bigint | { pattern: string } | undefined;

/** Variables by name; null is "declared, without a value". A name that is absent is an error when asked for. */
export type ExpressionVariables = (name: string) => string | boolean | number | bigint | null | undefined;

export type ExpressionResult = { ok: true; value: ExpressionValue } | { ok: false; error: ExpressionError };

/** The value of a CircleCI string expression (`pipeline.git.branch == "main" and not ...`). Never throws. */
export function evaluateExpression(source: string, variables: ExpressionVariables): ExpressionResult {
  if (source.length > limits.expressionCharacters) {
    const charPos = limits.expressionCharacters;
    return { ok: false, error: { errorType: 'Scanner/TOO_LONG', lexeme: source[charPos]!, charPos } };
  }
  try {
    return { ok: true, value: evaluate(parse(source), variables) };
  } catch (failure) {
    if (failure instanceof ExpressionFailure) return { ok: false, error: failure.error };
    throw failure;
  }
}

/** Only `false` and a variable without value count as false; 0 and the empty string count as true. */
export function isTruthy(value: ExpressionValue): boolean {
  return value !== undefined && value !== false;
}

function evaluate(node: ExpressionNode, variables: ExpressionVariables): ExpressionValue {
  if (node.kind === 'literal') return literal(node.token, variables);
  if (node.kind === 'not') return !isTruthy(evaluate(node.operand, variables));
  const left = evaluate(node.left, variables);
  if (node.kind === 'binary') return binary(node.operator, left, evaluate(node.right, variables));
  const stop = node.operator.type === 'OR' ? isTruthy(left) : !isTruthy(left);
  return stop ? left : evaluate(node.right, variables);
}

function literal(token: Token, variables: ExpressionVariables): ExpressionValue {
  if (token.type === 'TRUE') return true;
  if (token.type === 'FALSE') return false;
  if (token.type === 'NUMBER') return BigInt(token.text);
  if (token.type === 'STRING') return token.text;
  if (token.type === 'PATTERN') return { pattern: token.text };
  const value = variables(token.text);
  if (value === undefined) return fail('Interpreter/UNKNOWN_VARIABLE', token);
  if (value === null) return undefined;
  return typeof value === 'number' ? BigInt(Math.trunc(value)) : value;
}

function binary(operator: Token, left: ExpressionValue, right: ExpressionValue): ExpressionValue {
  if (left === undefined || right === undefined) return undefined;
  if (operator.type === 'EQUAL_EQUAL') return same(left, right);
  if (operator.type === 'BANG_EQUAL') return !same(left, right);
  if (operator.type === 'BUILTIN') return textual(operator, left, right);
  if (typeof left !== 'bigint' || typeof right !== 'bigint') {
    return fail('Interpreter/EXPECTED_NUMERIC_OPERAND', operator);
  }
  if (operator.type === 'GREATER') return left > right;
  if (operator.type === 'GREATER_EQUAL') return left >= right;
  if (operator.type === 'LESS') return left < right;
  return left <= right;
}

function textual(
  operator: Token,
  left: string | boolean | bigint | { pattern: string },
  right: string | boolean | bigint | { pattern: string },
): boolean {
  if (operator.lexeme === 'matches') {
    if (typeof right !== 'object') return fail('Interpreter/EXPECTED_PATTERN_OPERAND', operator);
    if (typeof left !== 'string') return fail('Interpreter/EXPECTED_STRING_OPERAND', operator);
    return RE2JS.matches(right.pattern, left);
  }
  if (typeof left !== 'string' || typeof right !== 'string') {
    return fail('Interpreter/EXPECTED_STRING_OPERAND', operator);
  }
  return operator.lexeme === 'contains' ? left.includes(right) : left.startsWith(right);
}

function same(left: ExpressionValue, right: ExpressionValue): boolean {
  if (typeof left === 'object' && typeof right === 'object') return left.pattern === right.pattern;
  return left === right;
}

function fail(errorType: ExpressionErrorType, token: Token): never {
  throw new ExpressionFailure({ errorType, tokenType: token.type, lexeme: token.lexeme, charPos: token.charPos });
}
