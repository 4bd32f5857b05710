/** Kinds of token of CircleCI's expression language; the names appear in its error reports. */
export type TokenType =
  | 'LEFT_PAREN'
  | 'RIGHT_PAREN'
  | 'BANG'
  | 'NOT'
  | 'BANG_EQUAL'
  | 'EQUAL_EQUAL'
  | 'GREATER'
  | 'GREATER_EQUAL'
  | 'LESS'
  | 'LESS_EQUAL'
  | 'BUILTIN'
  | 'AND'
  | 'OR'
  | 'TRUE'
  | 'FALSE'
  | 'NUMBER'
  | 'STRING'
  | 'PATTERN'
  | 'IDENTIFIER'
  | 'EOF';

export interface Token {
  type: TokenType;
  /** The text as written. */
  lexeme: string;
  /** 0-based offset in the expression, in UTF-16 units. */
  charPos: number;
  /** Text of a string or pattern with its quotes and escapes removed. */
  text: string;
}

export type ExpressionErrorType =
  | 'Scanner/INCOMPLETE_EQUALS'
  | 'Scanner/UNTERMINATED_STRING'
  | 'Scanner/UNTERMINATED_PATTERN'
  | 'Scanner/INVALID_PATTERN'
  | 'Scanner/INVALID_PATTERN_CHARACTER'
  | 'Scanner/PATTERN_TOO_LONG'
  | 'Scanner/NUMBER_OUT_OF_RANGE'
  | 'Scanner/UNEXPECTED_CHARACTER'
  | 'Scanner/TOO_LONG'
  | 'Parser/EXPECTED_EXPRESSION'
  | 'Parser/EXPECTED_RIGHT_PAREN'
  | 'Parser/UNEXPECTED_ADDITIONAL_INPUT'
  | 'Parser/TOO_DEEP'
  | 'Interpreter/EXPECTED_NUMERIC_OPERAND'
  | 'Interpreter/EXPECTED_STRING_OPERAND'
  | 'Interpreter/EXPECTED_PATTERN_OPERAND'
  | 'Interpreter/UNKNOWN_VARIABLE';

/** Why an expression has no value: what, at which token, and where in the text. */
export interface ExpressionError {
  errorType: ExpressionErrorType;
  /** Absent for errors of the scanner, which has no token yet. */
  tokenType?: TokenType | undefined;
  lexeme: string;
  charPos: number;
}

/** Carries an {@link ExpressionError} out of the recursive parser and evaluator; never leaves this folder. */
export class ExpressionFailure extends Error {
  readonly error: ExpressionError;

  constructor(error: ExpressionError) {
    super(error.errorType);
    this.error = error;
  }
}
