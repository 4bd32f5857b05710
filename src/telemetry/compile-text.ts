import type { Diagnostic } from '../kernel/diagnostics.ts';
import type { Query } from './nrql/ast.ts';
import { type Compiled, compileQuery } from './nrql/compile.ts';
import type { Catalogue } from './nrql/fields.ts';
import { parse } from './nrql/parser.ts';
import { diagnosticOf, NrqlError } from './nrql/problems.ts';

/** What a text compiles to; `problems` holds an error when it does not, and warnings. */
export interface CompiledText {
  ok: boolean;
  /** As it was understood: the query printed again; the text itself when it cannot be read. */
  nrql: string;
  shape: Compiled['shape'] | null;
  /** ClickHouse SQL with its bound values, and that of the window of COMPARE WITH; null when it does not compile. */
  main: Compiled['main'] | null;
  compare: Compiled['compare'];
  problems: Diagnostic[];
}

const anyData: Catalogue = {
  blind: true,
  eventTypes: () => [],
  typesOf: () => new Set(),
  isMetric: () => false,
  attributes: () => [],
};

/**
 * Compiles NRQL without a server, as if nothing were known of the data: an attribute without a column of its own is read whatever its
 * type. A dashboard's `{{variable}}` stands for a text. Relative times count from `now` (Unix ms); `projectId` null: every project.
 */
export function compileText(nrql: string, now: number, projectId: string | null): CompiledText {
  try {
    const compiled = compileQuery(variablesAsTexts(parse(nrql)), { scope: { projectId }, catalogue: anyData, now });
    const problems = compiled.warnings.map(({ place, message, hint }) =>
      diagnosticOf(nrql, new NrqlError(place, message, hint), 'warning'),
    );
    const { shape, main, compare } = compiled;
    return { ok: true, nrql: compiled.nrql, shape, main, compare, problems };
  } catch (error) {
    if (!(error instanceof NrqlError)) throw error;
    return { ok: false, nrql, shape: null, main: null, compare: null, problems: [diagnosticOf(nrql, error)] };
  }
}

/** Where a text cannot stand for a variable: event types, times and numbers of groups. */
const otherwise = new Set<string>(['since', 'until', 'timeseries', 'limit', 'timezone']);

const isOfPoints = (node: object): boolean => 'name' in node && /percentile$/.test(String(node.name));

/** A point of a percentile that a variable gives. */
function asNumber(argument: { value?: { kind?: string } }): unknown {
  return argument.value?.kind === 'variable'
    ? { ...argument, value: { ...argument.value, kind: 'number', value: 95 } }
    : argument;
}

function variablesAsTexts(query: Query): Query {
  const turn = (node: unknown): unknown => {
    if (Array.isArray(node)) return node.map(turn);
    if (typeof node !== 'object' || node === null) return node;
    if ('kind' in node && node.kind === 'variable' && 'name' in node)
      return { ...node, kind: 'string', value: `{{${String(node.name)}}}` };
    if ('kind' in node && node.kind === 'subquery' && 'query' in node) return { ...node, query: turn(node.query) };
    if ('kind' in node && node.kind === 'call' && 'args' in node && Array.isArray(node.args) && isOfPoints(node)) {
      const [first, ...points] = node.args;
      return { ...node, args: [turn(first), ...points.map(asNumber)] };
    }
    return Object.fromEntries(
      Object.entries(node).map(([key, value]) => [
        key,
        key === 'from' ? sources(value) : otherwise.has(key) ? value : turn(value),
      ]),
    );
  };
  // The name of an event type is no text; what a subquery asks has its own.
  const sources = (from: unknown): unknown =>
    Array.isArray(from) ? from.map((one: { kind?: string }) => (one.kind === 'subquery' ? turn(one) : one)) : from;
  return turn(query) as Query;
}
