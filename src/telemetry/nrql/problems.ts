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

/** Edits (insert, delete, replace, swap of neighbours) from one word to another. */
function distance(from: string, to: string): number {
  const rows: number[][] = [Array.from({ length: to.length + 1 }, (_, index) => index)];
  for (let i = 1; i <= from.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= to.length; j += 1) {
      const same = from[i - 1] === to[j - 1] ? 0 : 1;
      let best = Math.min(rows[i - 1]![j]! + 1, row[j - 1]! + 1, rows[i - 1]![j - 1]! + same);
      if (i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1])
        best = Math.min(best, rows[i - 2]![j - 2]! + 1);
      row.push(best);
    }
    rows.push(row);
  }
  return rows[from.length]![to.length]!;
}

/** The known word nearest to a misspelt one, or undefined when none is near (two edits, fewer for short words). */
export function nearest(word: string, known: Iterable<string>): string | undefined {
  const wanted = word.toLowerCase().slice(0, 60);
  let best: string | undefined;
  let least = Math.min(2, Math.floor(wanted.length / 2)) + 1;
  for (const candidate of known) {
    if (Math.abs(candidate.length - wanted.length) > 2) continue;
    const edits = distance(wanted, candidate.toLowerCase());
    if (edits < least) {
      least = edits;
      best = candidate;
    }
  }
  return best;
}
