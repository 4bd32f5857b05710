import { nearest } from '../../kernel/nearest.ts';
import type { Join, Query, Source } from './ast.ts';
import {
  atClause,
  clauseWords,
  parseCompare,
  parseComparison,
  parseDefinition,
  parseDirection,
  parseItems,
  parseLimit,
  parseOrder,
  parseTimeseries,
  parseWhole,
} from './clauses.ts';
import { Cursor } from './cursor.ts';
import { ExpressionParser } from './expressions.ts';
import { tokenize } from './lexer.ts';
import { parseMoment } from './moments.ts';
import { NrqlError } from './problems.ts';

/** Reads a query. Throws an {@link NrqlError} that knows the character. */
export function parse(text: string): Query {
  const cursor: Cursor = new Cursor(tokenize(text));
  const query = new QueryParser(cursor).parse();
  cursor.takeSymbol(';');
  if (cursor.peek().kind !== 'end') {
    missing(
      cursor,
      'The query should end or go on with another clause here',
      'Clauses: SELECT, FROM, WHERE, FACET, TIMESERIES, SINCE, UNTIL, COMPARE WITH, LIMIT, ORDER BY.',
    );
  }
  return query;
}

/** Fails, with the nearest clause as a suggestion when the word here looks like one. */
function missing(cursor: Cursor, message: string, hint: string): never {
  const token = cursor.peek();
  const near = token.kind === 'word' ? nearest(token.text, clauseWords) : undefined;
  return cursor.fail(message, near && near !== (token.kind === 'word' && token.upper) ? `Did you mean ${near}?` : hint);
}

function empty(at: number): Query {
  return {
    kind: 'select',
    at,
    end: at,
    select: [],
    from: [],
    join: null,
    with: [],
    where: [],
    facet: [],
    facetOrder: null,
    timeseries: null,
    since: null,
    until: null,
    compare: null,
    limit: null,
    offset: null,
    order: [],
    timezone: null,
    metricFormat: null,
    extrapolate: false,
    predict: null,
    comparison: null,
  };
}

/** Reads the clauses of one query, in any order. */
class QueryParser {
  readonly #cursor: Cursor;
  readonly #expressions: ExpressionParser;
  readonly #seen = new Set<string>();
  readonly #query: Query;

  constructor(cursor: Cursor) {
    this.#cursor = cursor;
    this.#expressions = new ExpressionParser(cursor, (inner) => new QueryParser(inner).parse());
    this.#query = empty(cursor.peek().at);
  }

  parse(): Query {
    const cursor: Cursor = this.#cursor;
    const query = this.#query;
    while (this.#clause());
    query.end = cursor.previousEnd();
    // With FACET there are no rows to order: ORDER BY then ranks the groups, wherever it was written.
    if (query.facet.length > 0 && query.order.length > 0) {
      query.facetOrder ??= query.order[0]!;
      query.order = [];
    }
    if (query.kind === 'select') {
      if (query.select.length === 0) {
        missing(cursor, 'SELECT is missing', 'Begin with SELECT count(*) FROM Log, for example.');
      }
      if (query.from.length === 0 && query.with.length === 0) {
        missing(cursor, 'FROM is missing', 'Name what to ask, for example FROM Transaction.');
      }
    }
    return query;
  }

  /** Takes the word of a clause that may stand only once. */
  #once(...words: string[]): void {
    const place = this.#cursor.peek();
    const name = words.join(' ');
    if (this.#seen.has(name)) throw new NrqlError(place, `${name} is given twice`, undefined, 'syntax');
    this.#seen.add(name);
    for (const word of words) this.#cursor.expectWord(word, `to make ${name}`);
  }

  /** Reads one clause; false when none begins here. */
  #clause(): boolean {
    const cursor = this.#cursor;
    const query = this.#query;
    const token = cursor.peek();
    if (token.kind === 'symbol') return this.#comparison();
    if (token.kind !== 'word') return false;
    switch (token.upper) {
      case 'SHOW':
        this.#once('SHOW', 'EVENT', 'TYPES');
        query.kind = 'show-event-types';
        return true;
      case 'SELECT':
        this.#once('SELECT');
        query.select = parseItems(cursor, this.#expressions);
        return true;
      case 'FROM':
        this.#once('FROM');
        query.from = this.#sources();
        query.join = this.#join();
        return true;
      case 'WHERE':
        cursor.next();
        query.where.push(this.#expressions.parse());
        return true;
      case 'FACET':
        this.#once('FACET');
        query.facet = parseItems(cursor, this.#expressions);
        if (cursor.takeWord('ORDER', 'BY')) {
          query.facetOrder = { value: this.#expressions.parse(), direction: parseDirection(cursor) };
        }
        return true;
      case 'WITH':
        this.#with();
        return true;
      case 'TIMESERIES':
        this.#once('TIMESERIES');
        query.timeseries = parseTimeseries(cursor, token.at);
        return true;
      case 'SINCE':
        this.#once('SINCE');
        query.since = parseMoment(cursor);
        return true;
      case 'UNTIL':
        this.#once('UNTIL');
        query.until = parseMoment(cursor);
        return true;
      case 'COMPARE':
        this.#once('COMPARE', 'WITH');
        query.compare = parseCompare(cursor);
        return true;
      case 'LIMIT':
        this.#once('LIMIT');
        query.limit = parseLimit(cursor, token.at);
        return true;
      case 'OFFSET':
        this.#once('OFFSET');
        query.offset = parseWhole(cursor, 'OFFSET');
        return true;
      case 'ORDER':
        this.#once('ORDER', 'BY');
        query.order = parseOrder(cursor, this.#expressions);
        return true;
      case 'EXTRAPOLATE':
        this.#once('EXTRAPOLATE');
        query.extrapolate = true;
        return true;
      case 'RAW':
        // Asks for points and no sums of them; the answer is the same here.
        this.#once('RAW');
        return true;
      case 'PREDICT':
        this.#once('PREDICT');
        if (cursor.peek().kind === 'number') {
          cursor.next();
          cursor.takeUnit();
        }
        query.predict = { at: token.at, end: cursor.previousEnd() };
        return true;
      default:
        return false;
    }
  }

  #sources(): Source[] {
    const cursor: Cursor = this.#cursor;
    const sources: Source[] = [];
    do {
      if (sources.length > 0 && (cursor.peek().kind === 'end' || atClause(cursor))) break;
      sources.push(this.#source());
    } while (cursor.takeSymbol(','));
    return sources;
  }

  #source(): Source {
    const cursor: Cursor = this.#cursor;
    const token = cursor.peek();
    const place = () => ({ at: token.at, end: cursor.previousEnd() });
    if (cursor.takeSymbol('(')) {
      const query = cursor.nested(token, () => new QueryParser(cursor).parse());
      cursor.expectSymbol(')', 'after this subquery');
      return { kind: 'subquery', query, ...place() };
    }
    const name = cursor.expectText(
      ['word', 'name', 'variable'],
      'The name of an event type is missing after FROM',
      'For example FROM Transaction, Log, Metric or Span.',
    );
    if (token.kind === 'variable') return { kind: 'variable', name, ...place() };
    if (token.kind === 'word' && token.upper === 'LOOKUP' && cursor.takeSymbol('(')) {
      const table = cursor.expectText(['word', 'name', 'string'], 'The name of a lookup table is missing');
      cursor.expectSymbol(')', 'after this table');
      return { kind: 'lookup', name: table, ...place() };
    }
    return { kind: 'type', name, ...place() };
  }

  #join(): Join | null {
    const cursor = this.#cursor;
    const kind = cursor.takeWord('LEFT', 'JOIN') ? 'left' : 'inner';
    if (kind === 'inner' && !cursor.takeWord('INNER', 'JOIN') && !cursor.takeWord('JOIN')) return null;
    cursor.expectSymbol('(', 'after JOIN');
    const query = new QueryParser(cursor).parse();
    cursor.expectSymbol(')', 'after this subquery');
    cursor.expectWord('ON', 'after the subquery of JOIN');
    const on = this.#expressions.parse();
    const equal = on.kind === 'binary' && on.operator === '=';
    return { kind, query, left: equal ? on.left : on, right: equal ? on.right : on };
  }

  #with(): void {
    const cursor = this.#cursor;
    const query = this.#query;
    if (cursor.isWord('WITH', 'TIMEZONE')) {
      this.#once('WITH', 'TIMEZONE');
      const { at, end } = cursor.peek();
      const name = cursor.expectText(['string', 'variable', 'word'], "A time zone is missing, such as 'Europe/Paris'");
      query.timezone = { name, at, end };
      return;
    }
    if (cursor.isWord('WITH', 'METRIC_FORMAT')) {
      this.#once('WITH', 'METRIC_FORMAT');
      query.metricFormat = cursor.expectText(['string'], 'A format in quotes is missing after METRIC_FORMAT');
      return;
    }
    this.#once('WITH');
    do query.with.push(parseDefinition(cursor, this.#expressions));
    while (cursor.takeSymbol(','));
  }

  #comparison(): boolean {
    if (this.#query.comparison || this.#query.select.length === 0) return false;
    const comparison = parseComparison(this.#cursor);
    if (!comparison) return false;
    this.#query.comparison = comparison;
    return true;
  }
}
