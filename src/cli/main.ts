import { Command, CommanderError } from 'commander';
import { exitCodes } from './exit.ts';
import { report } from './report.ts';

const program = new Command('millrace')
  .description("A team's whole DevOps environment in one program.")
  .showHelpAfterError('(run millrace --help to see what there is)')
  .configureOutput({ outputError: (text, write) => write(text) })
  .exitOverride();

/** Adds a command whose code is loaded only when it runs: what a person feels first is how fast the prompt comes back. */
function command(usage: string, description: string, examples: string[]): Command {
  const text = examples.map((example) => `  $ ${example}`).join('\n');
  return program.command(usage).description(description).addHelpText('after', `\nExamples:\n${text}`).exitOverride();
}

const collect = (value: string, previous: string[] = []): string[] => [...previous, value];
const done = (code: number): void => {
  process.exitCode = code;
};

command('up', 'start Millrace here', [
  'millrace up',
  'millrace up --data /srv/millrace',
  'MILLRACE_PORT=8080 millrace up',
])
  .option('--json', 'print one JSON line when ready, for programs')
  .option('--data <directory>', 'where state, repositories and logs are kept (MILLRACE_DATA)')
  .action(async (options: { json?: boolean; data?: string }) => (await import('./commands/up.ts')).up(options));

command('doctor', 'say what is here, what is missing, and what each absence costs', [
  'millrace doctor',
  'millrace doctor --json',
])
  .option('--json', 'print the findings as JSON')
  .action(async (options: { json?: boolean }) => done(await (await import('./commands/doctor.ts')).doctor(options)));

command('lint', 'check pipeline files without a server', [
  'millrace lint .circleci/config.yml',
  'millrace lint --json a.yml b.yml   # one file gives an object, several an array',
])
  .argument('<file...>', 'files to check')
  .option('--json', 'print {file, format, ok, problems} for each file')
  .option('--format <name>', 'take the files for this format instead of guessing (circleci)')
  .action(async (files: string[], options: { json?: boolean; format?: string }) =>
    done(await (await import('./commands/lint.ts')).lint(files, options)),
  );

command('explain', 'say what was found in the working tree, what would run, and why', [
  'millrace explain',
  'millrace explain --tag v1.0',
  'millrace explain .circleci/config.yml --json   # the expanded plan',
])
  .argument('[file]', 'pipeline file; looked for in the working tree when absent')
  .option('--json', 'print the expanded plan as JSON')
  .option('--branch <name>', 'as if this branch was pushed (default: the one checked out)')
  .option('--tag <name>', 'as if this tag was pushed')
  .option('--parameter <name=value>', 'a pipeline parameter; may be given again', collect)
  .action(async (file: string | undefined, options: object) =>
    done(await (await import('./commands/explain.ts')).explain(file, options)),
  );

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode =
    error instanceof CommanderError ? (error.exitCode === 0 ? exitCodes.ok : exitCodes.usage) : report(error);
}
