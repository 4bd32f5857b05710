import { formatDiagnostic } from '../kernel/diagnostics.ts';
import type { CompiledText } from '../telemetry/compile-text.ts';
import type { Terminal } from './terminal.ts';

/**
 * What a query compiles to, as clickhouse-client takes it: bound values as SET statements, then the SQL. A query that does not compile
 * gives its problems, each under `line:column`.
 */
export function compiledReport(compiled: CompiledText, terminal: Pick<Terminal, 'paint'>): string[] {
  const { main, compare, problems } = compiled;
  return [
    ...problems.map((problem) =>
      terminal.paint(problem.severity === 'error' ? 'red' : 'yellow', formatDiagnostic({ ...problem, file: 'query' })),
    ),
    ...(main ? statement(main) : []),
    ...(compare ? ['', '-- The window of COMPARE WITH', ...statement(compare)] : []),
  ];
}

function statement({ sql, params }: NonNullable<CompiledText['main']>): string[] {
  const values = Object.entries(params).map(([name, value]) => `SET param_${name} = ${quoted(value)};`);
  return [...values, `${sql};`];
}

const quoted = (value: string | number): string =>
  `'${String(value).replaceAll('\\', '\\\\').replaceAll("'", "\\'").replaceAll('\n', '\\n')}'`;
