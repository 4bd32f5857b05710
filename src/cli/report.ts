import { formatDiagnostic } from '../kernel/diagnostics.ts';
import { Fault } from '../kernel/faults.ts';

/** Exit codes of every command: 0 done, 1 a problem was found or the thing failed, 2 used wrongly. */
export const exitCodes = { ok: 0, failed: 1, usage: 2 } as const;

/** Prints what went wrong in the words of the error, and chooses the exit code. */
export function report(
  error: unknown,
  write: (line: string) => void = (line) => process.stderr.write(`${line}\n`),
): number {
  if (error instanceof Fault) {
    write(`${error.message}.`.replace(/\.\.$/, '.'));
    for (const problem of error.problems) write(`  ${formatDiagnostic(problem)}`);
    if (error.hint) write(error.hint);
    return error.kind === 'invalid' ? exitCodes.usage : exitCodes.failed;
  }
  write(error instanceof Error ? (error.stack ?? error.message) : String(error));
  return exitCodes.failed;
}
