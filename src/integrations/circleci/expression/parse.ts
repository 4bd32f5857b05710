import { limits } from '../limits.ts';
import { scan } from './scan.ts';
import { type ExpressionErrorType, ExpressionFailure, type Token, type TokenType } from './tokens.ts';

export type ExpressionNode =
  | { kind: 'literal'; token: Token }
  | { kind: 'not'; operand: ExpressionNode }
  | { kind: 'logical' | 'binary'; operator: Token; left: ExpressionNode; right: ExpressionNode };

/** Binding strength from weakest to strongest; all of them group to the left. */
const levels: { kind: 'logical' | 'binary'; types: TokenType[] }[] = [
  { kind: 'logical', types: ['OR'] },
  { kind: 'logical', types: ['AND'] },
  { kind: 'binary', types: ['EQUAL_EQUAL', 'BANG_EQUAL', 'BUILTIN'] },
  { kind: 'binary', types: ['GREATER', 'GREATER_EQUAL', 'LESS', 'LESS_EQUAL'] },
];

const literals: TokenType[] = ['TRUE', 'FALSE', 'NUMBER', 'STRING', 'PATTERN', 'IDENTIFIER'];

/** The tree of an expression. Throws an {@link ExpressionFailure}. */
export function parse(source: string): ExpressionNode {
  const tokens = scan(source);
  let index = 0;
  let depth = 0;

  const peek = (): Token => tokens[index]!;
  const advance = (): Token => tokens[index++]!;

  function level(number: number): ExpressionNode {
    const rule = levels[number];
    if (!rule) return unary();
    let left = level(number + 1);
    while (rule.types.includes(peek().type)) {
      const operator = advance();
      left = { kind: rule.kind, operator, left, right: level(number + 1) };
    }
    return left;
  }

  function unary(): ExpressionNode {
    depth += 1;
    if (depth > limits.expressionDepth) fail('Parser/TOO_DEEP', peek());
    const node = unaryInner();
    depth -= 1;
    return node;
  }

  function unaryInner(): ExpressionNode {
    if (peek().type === 'NOT' || peek().type === 'BANG') {
      advance();
      return { kind: 'not', operand: unary() };
    }
    if (literals.includes(peek().type)) return { kind: 'literal', token: advance() };
    if (peek().type !== 'LEFT_PAREN') return fail('Parser/EXPECTED_EXPRESSION', peek());
    advance();
    const inner = level(0);
    if (peek().type !== 'RIGHT_PAREN') fail('Parser/EXPECTED_RIGHT_PAREN', peek());
    advance();
    return inner;
  }

  const tree = level(0);
  if (peek().type !== 'EOF') fail('Parser/UNEXPECTED_ADDITIONAL_INPUT', peek());
  return tree;
}

function fail(errorType: ExpressionErrorType, token: Token): never {
  throw new ExpressionFailure({
    errorType,
    tokenType: token.type,
    lexeme: token.lexeme,
    charPos: token.charPos,
  });
}
