import { Fault } from '../kernel/faults.ts';
import type { SqlAnswer } from './api.ts';
import type { Store } from './store.ts';

const mostRows = 10_000;

/** What the engine says, without the version and the trace some builds append. */
function faultOfEngine(error: unknown): unknown {
  const code = Number((error as { code?: string }).code);
  if (error instanceof Fault || !Number.isInteger(code) || code <= 0) return error;
  const message = error instanceof Error ? error.message.replace(/\s*\(version .*$/s, '').trim() : String(error);
  return code === 164
    ? new Fault('forbidden', 'This may not be read from here', {
        code: 'telemetry.sql-readonly',
        hint: 'Files, addresses and other servers are out of reach; the tables are telemetry_spans, _logs, _samples, _rollups and _events.',
        cause: error,
      })
    : new Fault('invalid', message.slice(0, 1000), { code: 'telemetry.sql', cause: error });
}

const refuse = (message: string, hint?: string): Fault =>
  new Fault('invalid', message, { code: 'telemetry.sql', hint });

/** Functions of values that the engine lets a reader use and that reach files, headers or other programs. */
const beyond = /\b(file|catboostEvaluate|getClientHTTPHeader|ai[A-Z]\w*|sleep|sleepEachRow)\s*\(/i;

/**
 * Checks that a text is one SELECT that can stand in parentheses: its quotes and comments end, no parenthesis closes one that
 * is not its own, and there is no second statement. What it may touch is the engine's to refuse, which runs it read-only.
 */
export function checkSelect(text: string): void {
  let depth = 0;
  let bare = '';
  for (let at = 0; at < text.length; at += 1) {
    const two = text.slice(at, at + 2);
    const one = text[at]!;
    if (two === '--' || one === '#') {
      const end = text.indexOf('\n', at);
      at = end < 0 ? text.length : end;
      bare += ' ';
    } else if (two === '/*') {
      const end = text.indexOf('*/', at + 2);
      if (end < 0) throw refuse('A comment does not end');
      at = end + 1;
      bare += ' ';
    } else if (one === "'" || one === '"' || one === '`') {
      at = endOfQuote(text, at, one);
      if (one !== "'" && /^\s*\(/.test(text.slice(at + 1))) throw refuse('A function is named without quotes');
      bare += "''";
    } else if (one === '$') {
      throw refuse('A $ can stand in quotes only');
    } else if (one === ';') {
      if (text.slice(at + 1).trim() !== '') throw refuse('One statement at a time');
      throw refuse('Leave out the ; at the end');
    } else {
      if (one === '(') depth += 1;
      if (one === ')') depth -= 1;
      if (depth < 0) throw refuse('A parenthesis closes that was not opened');
      bare += one;
    }
  }
  const reach = beyond.exec(bare);
  if (reach) throw refuse(`${reach[1]}() cannot be used here`, 'It reads what is no telemetry.');
  if (depth !== 0) throw refuse('A parenthesis is not closed');
  if (!/^\s*(select|with)\b/i.test(bare)) throw refuse('Only SELECT is answered', 'Begin with SELECT or WITH.');
  const word = /\b(format|settings|into)\b/i.exec(bare);
  if (word) {
    throw refuse(
      `${word[1]!.toUpperCase()} cannot stand here`,
      'A name that is spelt so goes in backticks. Format and limits are Millrace’s.',
    );
  }
}

function endOfQuote(text: string, from: number, quote: string): number {
  for (let at = from + 1; at < text.length; at += 1) {
    if (text[at] === '\\') at += 1;
    else if (text[at] === quote) return at;
  }
  throw refuse('A quoted text does not end');
}

/** Answers a SELECT of ClickHouse over everything telemetry keeps. Nothing can be written or read from elsewhere. */
export async function askSql(store: Store, text: string): Promise<SqlAnswer> {
  checkSelect(text);
  const startedAt = performance.now();
  const answer = await store.selectRaw(`SELECT * FROM (\n${text}\n) LIMIT ${mostRows + 1}`).catch((error: unknown) => {
    throw faultOfEngine(error);
  });
  return {
    columns: answer.columns,
    rows: answer.rows.slice(0, mostRows),
    truncated: answer.rows.length > mostRows,
    cost: {
      rowsRead: answer.rowsRead,
      bytesRead: answer.bytesRead,
      elapsedMs: Math.round((performance.now() - startedAt) * 10) / 10,
    },
  };
}
