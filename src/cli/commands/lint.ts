import { readFile } from 'node:fs/promises';
import { type Diagnostic, formatDiagnostic, hasErrors } from '../../kernel/diagnostics.ts';
import { Fault } from '../../kernel/faults.ts';
import { exitCodes } from '../exit.ts';
import { formats } from '../formats.ts';
import { openTerminal, type Terminal } from '../terminal.ts';

/** What `--json` prints for each file. */
export interface LintResult {
  file: string;
  /** `circleci`, ... */
  format: string;
  /** No problem of severity error. */
  ok: boolean;
  problems: Omit<Diagnostic, 'file'>[];
}

/** Checks files without a server. One file gives one JSON object, several an array. Exit code 1 when one has errors. */
export async function lint(files: string[], options: { json?: boolean; format?: string }): Promise<number> {
  const terminal = openTerminal();
  const results: LintResult[] = [];
  for (const file of files) results.push(await lintFile(file, options.format));
  if (options.json) terminal.print(JSON.stringify(results.length === 1 ? results[0] : results, null, 2));
  else for (const line of lintReport(results, terminal)) terminal.print(line);
  return results.every((result) => result.ok) ? exitCodes.ok : exitCodes.failed;
}

async function lintFile(file: string, wanted: string | undefined): Promise<LintResult> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    const reason =
      (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'there is no such file' : (error as Error).message;
    throw new Fault('invalid', `${file} cannot be read: ${reason}`, { code: 'cli.unreadable' });
  }
  const format =
    wanted === undefined ? formats.find((one) => one.fits(file)) : formats.find((one) => one.name === wanted);
  if (!format) {
    throw new Fault(
      'invalid',
      wanted ? `There is no format "${wanted}"` : `${file} is not of a kind Millrace can check`,
      {
        code: 'cli.unknown-format',
        hint: `Name it with --format: ${formats.map((one) => one.name).join(', ')}.`,
      },
    );
  }
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
    return [...lines, `${file} (${format}): ${verdict}`];
  });
}
