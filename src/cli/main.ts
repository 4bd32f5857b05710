import { Command } from 'commander';
import { report } from './report.ts';

const program = new Command('millrace')
  .description("A team's whole DevOps environment in one program.")
  .showHelpAfterError('(run millrace --help to see what there is)')
  .configureOutput({ outputError: (text, write) => write(text) });

// Each command's code is loaded only when it runs: what a person feels first is how fast the prompt comes back.
program
  .command('up')
  .description('start Millrace here')
  .option('--json', 'print one JSON line when ready, for programs')
  .option('--data <directory>', 'where state, repositories and logs are kept (MILLRACE_DATA)')
  .action(async (options: { json?: boolean; data?: string }) => (await import('./commands/up.ts')).up(options));

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = report(error);
}
