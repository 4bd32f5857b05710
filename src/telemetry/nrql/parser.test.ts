import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Expression, Query } from './ast.ts';
import { parse } from './parser.ts';
import { print } from './print.ts';
import { NrqlError, positionOf } from './problems.ts';

/** The tree without positions. */
const bare = (query: unknown): unknown =>
  JSON.parse(JSON.stringify(query, (key, value: unknown) => (key === 'at' || key === 'end' ? undefined : value)));

const where = (text: string): Expression => parse(`SELECT count(*) FROM Log WHERE ${text}`).where[0]!;

function refusal(text: string): NrqlError {
  try {
    parse(text);
  } catch (error) {
    if (error instanceof NrqlError) return error;
    throw error;
  }
  throw new Error(`"${text}" should be refused`);
}

describe('the NRQL parser', () => {
  it('takes clauses in any order and any case', () => {
    const one = parse(
      "select count(*) from Transaction where appName = 'shop' facet name since 1 day ago until now timeseries 5 minutes limit 20",
    );
    const other = parse(
      "FROM Transaction TIMESERIES 5 minutes LIMIT 20 UNTIL now SINCE 1 day ago FACET name WHERE appName = 'shop' SELECT count(*)",
    );
    expect(bare(one)).toEqual(bare(other));
  });

  it('binds NOT, AND, OR, comparisons and arithmetic in that order of strength', () => {
    expect(print(parse('SELECT count(*) FROM A WHERE NOT a = 1 OR b = 2 AND c + 1 * 2 > 3'))).toBe(
      'SELECT count(*) FROM A WHERE NOT a = 1 OR b = 2 AND c + 1 * 2 > 3',
    );
    expect(bare(where('NOT a = 1 OR b = 2 AND c = 3'))).toEqual(bare(where('(NOT (a = 1)) OR ((b = 2) AND (c = 3))')));
    expect(bare(where('a - b - c = 1'))).toEqual(bare(where('(a - b) - c = 1')));
  });

  it('reads words of the language as attributes where an attribute must stand', () => {
    expect(
      parse('SELECT latest(from), max(limit) FROM Log WHERE select = 1 FACET since').facet[0]!.value,
    ).toMatchObject({
      kind: 'attribute',
      name: 'since',
    });
  });

  it('reads a trailing comparison as a gate and leaves WHERE alone', () => {
    expect(parse('SELECT percentage(count(*), WHERE error IS true) FROM Transaction < 1').comparison).toMatchObject({
      operator: '<',
      threshold: 1,
    });
    const gate = parse('SELECT count(*) FROM ErrorEvent WHERE firstSeenInRelease IS true = 0');
    expect(gate.comparison).toMatchObject({ operator: '=', threshold: 0 });
    expect(gate.where[0]).toMatchObject({ kind: 'is', what: 'true' });
    expect(parse('SELECT count(*) FROM A WHERE a > 1').comparison).toBeNull();
    expect(parse('SELECT count(*) FROM A WHERE a > 1 >= -2.5').comparison).toMatchObject({
      operator: '>=',
      threshold: -2.5,
    });
  });

  it('knows every form of time', () => {
    const moments = [
      'now',
      '1700000000000',
      '3 hours ago',
      'yesterday',
      "monday AT '09:30'",
      'last week',
      "'2026-01-31 09:00'",
    ];
    for (const moment of moments) expect(print(parse(`SELECT count(*) FROM A SINCE ${moment}`))).toContain('SINCE ');
    expect(parse('SELECT count(*) FROM A SINCE 90m ago').since).toMatchObject({
      kind: 'ago',
      amount: 90,
      unit: 'minute',
    });
  });

  it('keeps quotes, wildcards, variables and raw patterns apart', () => {
    expect(where("a = 'it''s \\'so\\''")).toMatchObject({ right: { kind: 'string', value: "it's 'so'" } });
    expect(where("a RLIKE r'\\d+\\.x'")).toMatchObject({ pattern: { kind: 'regex', value: '\\d+\\.x' } });
    expect(where('a IN ({{b.c}})')).toMatchObject({ choices: [{ kind: 'variable', name: 'b.c' }] });
    expect(parse('SELECT sum(%.server%duration) FROM Metric').select[0]!.value).toMatchObject({
      args: [{ value: { name: '%.server%duration' } }],
    });
    expect(parse("SELECT count(*) AS 'a' -- a remark\nFROM Log /* and */ // more\n").select[0]!.alias).toBe('a');
  });

  it.each([
    ['SELECT count(* FROM Log', 15, /"," or "\)"/, undefined],
    ['SELEC count(*) FROM Log', 0, /SELECT is missing/, /SELECT/],
    ['SELECT count(*) FROM Log WERE a = 1', 25, /another clause/, /WHERE/],
    ['SELECT count(*) FROM Log WHERE', 30, /value is missing/, undefined],
    ["SELECT count(*) FROM Log WHERE a = 'x", 35, /not closed/, undefined],
    ['SELECT count(*) FROM Log LIMIT many', 31, /whole number/, /LIMIT 20/],
    ['SELECT count(*) FROM Log SINCE whenever', 31, /point in time/, undefined],
    ['SELECT count(*) FROM Log LIMIT 1 LIMIT 2', 33, /twice/, undefined],
    ['SELECT count(*) FROM Log WHERE a = 1 ; DROP', 39, /end or go on/, undefined],
    ['SELECT count(*) FROM Log \\', 25, /no meaning/, undefined],
  ])('points at the character: %s', (text, at, message, hint) => {
    const error = refusal(text);
    expect(error.place.at).toBe(at);
    expect(error.message).toMatch(message);
    if (hint) expect(error.hint).toMatch(hint);
  });

  it('counts lines and columns from one', () => {
    expect(positionOf('ab\ncd', 4)).toEqual({ line: 2, column: 2 });
  });

  it('bounds nesting instead of overflowing the stack', () => {
    expect(refusal(`SELECT count(*) FROM A WHERE ${'('.repeat(20_000)}`).message).toMatch(/nested at most/);
  });
});

const name = fc.oneof(
  fc.constantFrom('a', 'name', 'from', 'limit', 'where', 'http.status_code', 'sum', 'null', 'Ünï', 'x y', 'a`b', '1st'),
  fc.string({ minLength: 1, maxLength: 8 }),
);
const label = fc.option(fc.string({ maxLength: 10 }), { nil: null });
const place = { at: 0, end: 0 };
const amount = fc.record({
  amount: fc.integer({ min: 0, max: 999 }),
  unit: fc.constantFrom('second' as const, 'month' as const),
});

const { expression } = fc.letrec<{ expression: Expression }>((tie) => {
  const inner = tie('expression');
  return {
    expression: fc.oneof(
      { maxDepth: 4, depthIdentifier: 'nrql' },
      fc.record({ ...c(place), kind: fc.constant('attribute' as const), name }),
      fc.record({
        ...c(place),
        kind: fc.constant('number' as const),
        value: fc.double({ min: 0, noNaN: true, max: 1e30 }).map(Math.abs),
      }),
      fc.record({ ...c(place), kind: fc.constant('string' as const), value: fc.string({ maxLength: 12 }) }),
      fc.record({ ...c(place), kind: fc.constant('boolean' as const), value: fc.boolean() }),
      fc
        .record({ ...c(place), kind: fc.constant('duration' as const) })
        .chain((shape) => amount.map((rest) => ({ ...shape, ...rest }))),
      fc.record({ ...c(place), kind: fc.constant('negate' as const), operand: inner }),
      fc.record({ ...c(place), kind: fc.constant('not' as const), operand: inner }),
      fc.record({
        ...c(place),
        kind: fc.constant('binary' as const),
        operator: fc.constantFrom(
          'and' as const,
          'or' as const,
          '=' as const,
          '<=' as const,
          '+' as const,
          '-' as const,
          '*' as const,
          '/' as const,
        ),
        left: inner,
        right: inner,
      }),
      fc.record({
        ...c(place),
        kind: fc.constant('is' as const),
        operand: inner,
        what: fc.constantFrom('null' as const, 'true' as const),
        negated: fc.boolean(),
      }),
      fc.record({
        ...c(place),
        kind: fc.constant('in' as const),
        operand: inner,
        choices: fc.array(inner, { maxLength: 3 }),
        negated: fc.boolean(),
      }),
      fc.record({
        ...c(place),
        kind: fc.constant('like' as const),
        operand: inner,
        pattern: inner,
        regex: fc.boolean(),
        negated: fc.boolean(),
      }),
      fc.record({
        ...c(place),
        kind: fc.constant('call' as const),
        name: fc.constantFrom('count', 'filter', 'if', 'cases'),
        args: fc.array(
          fc.record({ label: fc.constantFrom(null, 'width'), condition: fc.boolean(), value: inner, alias: label }),
          { maxLength: 3 },
        ),
      }),
    ) as fc.Arbitrary<Expression>,
  };
});

function c<T extends object>(shape: T): { [K in keyof T]: fc.Arbitrary<T[K]> } {
  return Object.fromEntries(Object.entries(shape).map(([key, value]) => [key, fc.constant(value)])) as {
    [K in keyof T]: fc.Arbitrary<T[K]>;
  };
}

const query: fc.Arbitrary<Query> = fc.record({
  ...c({ ...parse('SELECT a FROM b') }),
  select: fc.array(fc.record({ value: expression, alias: label }), { minLength: 1, maxLength: 3 }),
  where: fc.array(expression, { maxLength: 2 }),
  facet: fc.array(fc.record({ value: expression, alias: label }), { maxLength: 2 }),
  since: fc.option(
    amount.map((rest) => ({ kind: 'ago' as const, ...place, ...rest })),
    { nil: null },
  ),
  compare: fc.option(amount, { nil: null }),
  comparison: fc.option(
    fc.record({ ...c(place), operator: fc.constantFrom('<' as const, '=' as const), threshold: fc.integer() }),
    { nil: null },
  ),
});

describe('printing', () => {
  it('gives a text that parses to the same tree', () => {
    fc.assert(
      fc.property(query, (tree) => {
        const text = print(tree);
        expect(bare(parse(text)), text).toEqual(bare(tree));
      }),
      { numRuns: 400 },
    );
  });

  it('never fails other than by a located refusal, whatever the text', () => {
    const piece = fc.oneof(
      fc.constantFrom(
        'SELECT',
        'FROM',
        'WHERE',
        'a',
        '(',
        ')',
        ',',
        '*',
        "'x'",
        '`y`',
        'AS',
        '=',
        '<',
        '1',
        'minutes',
        'ago',
        'IN',
        'NOT',
        'IS',
        '{{v}}',
      ),
      fc.string({ maxLength: 4 }),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 25 }), (pieces) => {
        const text = pieces.join(' ');
        try {
          expect(bare(parse(print(parse(text))))).toEqual(bare(parse(text)));
        } catch (error) {
          if (!(error instanceof NrqlError)) throw error;
          expect(error.place.at).toBeLessThanOrEqual(text.length);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
