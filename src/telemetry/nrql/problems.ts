import type { Diagnostic } from '../../kernel/diagnostics.ts';
import { Fault } from '../../kernel/faults.ts';
import type { Place } from './ast.ts';

/** A query that cannot be parsed or compiled; knows the characters it is about. */
export class NrqlError extends Error {
  readonly place: Place;
  readonly hint: string | undefined;
  /** `unsupported`: right NRQL that Millrace does not answer yet. */
  readonly reason: 'syntax' | 'meaning' | 'unsupported';

  constructor(place: Place, message: string, hint?: string, reason: 'syntax' | 'meaning' | 'unsupported' = 'meaning') {
    super(message);
    this.name = 'NrqlError';
    this.place = { at: place.at, end: place.end };
    this.hint = hint;
    this.reason = reason;
  }
}

/** Line and column (from 1) of an offset. */
export function positionOf(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset);
  const line = before.split('\n').length;
  return { line, column: offset - (before.lastIndexOf('\n') + 1) + 1 };
}

export function diagnosticOf(text: string, error: NrqlError, severity: Diagnostic['severity'] = 'error'): Diagnostic {
  return { severity, ...positionOf(text, error.place.at), message: error.message, hint: error.hint };
}

/** The refusal a caller of the API sees. */
export function faultOf(text: string, error: NrqlError): Fault {
  const where = positionOf(text, error.place.at);
  return new Fault('invalid', `${error.message} (line ${where.line}, column ${where.column})`, {
    code: error.reason === 'unsupported' ? 'telemetry.nrql-unsupported' : 'telemetry.nrql',
    hint: error.hint,
    problems: [diagnosticOf(text, error)],
  });
}
