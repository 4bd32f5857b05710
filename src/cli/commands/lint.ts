import { readFile } from 'node:fs/promises';
import { type Diagnostic, formatDiagnostic, hasErrors } from '../../kernel/diagnostics.ts';
import { Fault } from '../../kernel/faults.ts';
import { exitCodes } from '../exit.ts';
import { type Format, formats } from '../formats.ts';
import { reasonOf } from '../pipeline-source.ts';
import { openTerminal, type Terminal } from '../terminal.ts';

/** What `--json` prints for each file. */
export interface LintResult {
  file: string;
  /** `circleci`, ...; null when it could not be read or is of no kind that is known. */
  format: string | null;
  /** No problem of severity error. */
  ok: boolean;
  problems: Omit<Diagnostic, 'file'>[];
}

/**
 * Checks files without a server. One file gives one JSON object, several an array in their order; a file that cannot be read is one more
 * problem, and the others are checked all the same. Exit code 1 when one has errors.
 */
export async function lint(files: string[], options: { json?: boolean; format?: string }): Promise<number> {
  const terminal = openTerminal();
  const wanted = options.format === undefined ? undefined : formats.find((one) => one.name === options.format);
  if (options.format !== undefined && !wanted) {
    throw new Fault('invalid', `There is no format "${options.format}"`, {
      code: 'cli.unknown-format',
      hint: `There is: ${formatNames}.`,
    });
  }
  const results: LintResult[] = [];
  for (const file of files) results.push(await lintFile(file, wanted));
  if (options.json) terminal.print(JSON.stringify(results.length === 1 ? results[0] : results, null, 2));
  else for (const line of lintReport(results, terminal)) terminal.print(line);
  return results.every((result) => result.ok) ? exitCodes.ok : exitCodes.failed;
}

const formatNames = formats.map((one) => one.name).join(', ');

async function lintFile(file: string, wanted: Format | undefined): Promise<LintResult> {
  const refused = (message: string, hint?: string): LintResult => ({
    file,
    format: null,
    ok: false,
    problems: [{ severity: 'error', message, hint }],
  });
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    return refused(`The file cannot be read: ${reasonOf(error)}`);
  }
  const format = wanted ?? formats.find((one) => one.fits(file));
  if (!format) return refused('The file is of no kind that can be checked', `Name one with --format: ${formatNames}.`);
  const problems = await format.check(file, text);
  return {
    file,
    format: format.name,
    ok: !hasErrors(problems),
    problems: problems.map(({ file: place, ...problem }) =>
      place === undefined || place === file ? problem : { ...problem, message: `${place}: ${problem.message}` },
    ),
  };
}

/** The human form: a line for each problem, in the form editors link, and one line of summary for each file. */
export function lintReport(results: LintResult[], terminal: Pick<Terminal, 'paint'>): string[] {
  return results.flatMap(({ file, format, ok, problems }) => {
    const lines = problems.map((problem) => {
      const colour = problem.severity === 'error' ? 'red' : problem.severity === 'warning' ? 'yellow' : 'grey';
      return terminal.paint(colour, formatDiagnostic({ ...problem, file }));
    });
    const errors = problems.filter((problem) => problem.severity === 'error').length;
    const verdict = ok
      ? terminal.paint('green', 'ok')
      : terminal.paint('red', `${errors} ${errors === 1 ? 'error' : 'errors'}`);
    return [...lines, `${file}${format === null ? '' : ` (${format})`}: ${verdict}`];
  });
}
