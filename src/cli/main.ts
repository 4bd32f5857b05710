import { CommanderError } from 'commander';
import { exitCodes } from './exit.ts';
import { program } from './program.ts';
import { asksForJson, report, reportAsJson, usageFault } from './report.ts';

// Who reads (`| head`) may have enough before all is printed.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(exitCodes.ok);
});

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError && error.exitCode === 0) process.exitCode = exitCodes.ok;
  else {
    // What commander refuses, it has told already.
    const told = error instanceof CommanderError ? usageFault(error) : error;
    process.exitCode = told === error ? report(told) : exitCodes.usage;
    if (asksForJson(process.argv.slice(2))) reportAsJson(told);
  }
}
