import { ApiError } from '../client/api-error.ts';
import { formatDiagnostic } from '../kernel/diagnostics.ts';
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
