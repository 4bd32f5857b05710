import type { CommanderError } from 'commander';
import { ApiError } from '../client/api-error.ts';
import { type Diagnostic, formatDiagnostic } from '../kernel/diagnostics.ts';
import { Fault } from '../kernel/faults.ts';
import { exitCodes } from './exit.ts';

/** Prints what went wrong in the words of the error, and chooses the exit code. */
export function report(
  error: unknown,
  write: (line: string) => void = (line) => process.stderr.write(`${line}\n`),
): number {
  if (error instanceof Fault || error instanceof ApiError) {
    write(`${error.message}.`.replace(/([.!?])\.$/, '$1'));
    // A lone problem that says what the error says already is not told twice.
    const told = error.problems.filter(
      (problem) => error.problems.length > 1 || !error.message.includes(problem.message),
    );
    for (const problem of told) write(`  ${formatDiagnostic(problem)}`);
    if (error.hint) write(error.hint);
    return error instanceof Fault && error.kind === 'invalid' ? exitCodes.usage : exitCodes.failed;
  }
  write(error instanceof Error ? (error.stack ?? error.message) : String(error));
  return exitCodes.failed;
}

/** What `--json` prints, on one line of standard output, of a command that could not do what it was asked. */
export interface Failure {
  ok: false;
  error: { code: string; message: string; hint?: string; problems?: Diagnostic[] };
}

/** Prints what went wrong for programs; the sentence for people is on standard error as ever. */
export function reportAsJson(
  error: unknown,
  write: (line: string) => void = (line) => process.stdout.write(`${line}\n`),
): void {
  const expected = error instanceof Fault || error instanceof ApiError;
  const failure: Failure = {
    ok: false,
    error: {
      code: expected ? error.code : 'cli.unexpected',
      message: error instanceof Error ? error.message : String(error),
      ...(expected && error.hint ? { hint: error.hint } : {}),
      ...(expected && error.problems.length > 0 ? { problems: error.problems } : {}),
    },
  };
  write(JSON.stringify(failure));
}

/** Whether a command line asks for JSON, read without understanding the rest of it: it may be wrong. */
export function asksForJson(argv: readonly string[]): boolean {
  const end = argv.indexOf('--');
  return (end === -1 ? argv : argv.slice(0, end)).includes('--json');
}

/** What is wrong with a command line, as a sentence: commander writes `error: unknown option '--x'` and a guess below. */
export function usageSentence(text: string): string {
  const [first = '', ...rest] = text.trim().split('\n');
  const said = first.replace(/^error: /, '');
  const sentence = `${said.charAt(0).toUpperCase()}${said.slice(1)}${/[.!?]$/.test(said) ? '' : '.'}`;
  return [sentence, ...rest.map((line) => line.replace(/^\((.*)\)$/, '$1'))].join(' ');
}

/** A wrong command line as any other refusal. */
export function usageFault(error: CommanderError): Fault {
  const message = error.code === 'commander.help' ? 'A command is missing.' : usageSentence(error.message);
  return new Fault('invalid', message, { code: 'cli.usage', hint: 'Add --help to see what there is.' });
}
