import { Command, InvalidArgumentError, Option } from 'commander';
import { version } from '../app/version.ts';
import { usageSentence } from './report.ts';

/** Every command there is. */
export const program = new Command('millrace')
  .description("A team's whole DevOps environment in one program.")
  .version(version, '-V, --version', 'print the version')
  .showHelpAfterError('See: millrace --help')
  .configureOutput({ outputError: (text, write) => write(`${usageSentence(text)}\n`) })
  .exitOverride();

/** Adds a command whose code is loaded only when it runs: what a person feels first is how fast the prompt comes back. */
function command(usage: string, description: string, examples: string[]): Command {
  const text = examples.map((example) => `  $ ${example}`).join('\n');
  return program
    .command(usage)
    .description(description)
    .showHelpAfterError(`See: millrace ${usage} --help`)
    .addHelpText('after', `\nExamples:\n${text}`);
}

const collect = (value: string, previous: string[] = []): string[] => [...previous, value];
const done = (code: number): void => {
  process.exitCode = code;
};
const lineCount = (value: string): string => {
  if (!/^[1-9]\d{0,5}$/.test(value)) throw new InvalidArgumentError('It is a number from 1 to 999999.');
  return value;
};

command('up', 'start Millrace here', [
  'millrace up',
  'millrace up --data /srv/millrace',
  'MILLRACE_PORT=8080 millrace up',
])
  .option('--json', 'print one JSON line when ready, for programs')
  .option('--data <directory>', 'where state, repositories and logs are kept (MILLRACE_DATA)')
  .action(async (options: { json?: boolean; data?: string }) => (await import('./commands/up.ts')).up(options));

command('demo', 'run the whole loop on an example project and stay up to be looked at', [
  'millrace demo',
  'MILLRACE_RUNTIME=process millrace demo   # without containers, even where an engine answers',
])
  .option('--json', 'print the outcome as one JSON line')
  .option('--once', 'stop when the story is told')
  .action(async (options: { json?: boolean; once?: boolean }) => (await import('./commands/demo.ts')).demo(options));

command('doctor', 'say what is here, what is missing, and what each absence costs', [
  'millrace doctor',
  'millrace doctor --json',
])
  .option('--json', 'print the findings as JSON')
  .action(async (options: { json?: boolean }) => done(await (await import('./commands/doctor.ts')).doctor(options)));

command('lint', 'check pipeline files, Compose files and millrace.yaml without a server', [
  'millrace lint .circleci/config.yml',
  'millrace lint --json a.yml b.yml   # one file gives an object, several an array',
])
  .argument('<file...>', 'files to check')
  .option('--json', 'print {file, format, ok, problems} for each file')
  .option('--format <name>', 'take the files for this format instead of guessing (circleci, compose, millrace)')
  .action(async (files: string[], options: { json?: boolean; format?: string }) =>
    done(await (await import('./commands/lint.ts')).lint(files, options)),
  );

command('explain', 'say what was found in the working tree, what would run, and why', [
  'millrace explain',
  'millrace explain --tag v1.0',
  'millrace explain --schedule nightly            # what runs when its time has come',
  'millrace explain .circleci/config.yml --json   # the expanded plan',
  'millrace explain --format circleci             # the flat configuration, as `circleci config process` prints it',
])
  .argument('[file]', 'pipeline file; looked for in the working tree when absent')
  .option('--json', 'print the expanded plan as JSON')
  .addOption(
    new Option('--format <name>', 'print the flat configuration in its own language (circleci)').conflicts('json'),
  )
  .option('--branch <name>', 'as if this branch was pushed (default: the one checked out)')
  .option('--tag <name>', 'as if this tag was pushed')
  .addOption(
    new Option('--schedule <workflow>', 'as if the time of this scheduled workflow had come').conflicts([
      'tag',
      'format',
    ]),
  )
  .option('--parameter <name=value>', 'a pipeline parameter; may be given again', collect)
  .action(async (file: string | undefined, options: object) =>
    done(await (await import('./commands/explain.ts')).explain(file, options)),
  );

const importing = command(
  'import',
  'say what of another system’s files works here, what differs, and what cannot be done',
  ['millrace import circleci', 'millrace import circleci path/to/config.yml --json'],
);
importing
  .command('circleci')
  .description('look through a CircleCI configuration')
  .argument('[file]', 'the configuration (default: .circleci/config.yml)')
  .option('--json', 'print the survey as JSON')
  .action(async (file: string | undefined, options: object) =>
    done(await (await import('./commands/import.ts')).importCircleci(file, options)),
  );

const orb = command('orb', 'pin and keep the CircleCI orbs of the pipeline file here', [
  'millrace orb lock      # versions and hashes, into .circleci/orbs.lock',
  'millrace orb vendor    # their texts too, into .circleci/orbs',
]);
for (const [name, description] of [
  ['lock', 'write the version and the hash of every orb into .circleci/orbs.lock'],
  ['vendor', 'write every orb into .circleci/orbs, and the lock'],
] as const) {
  orb
    .command(name)
    .description(description)
    .argument('[file]', 'the configuration (default: .circleci/config.yml)')
    .option('--json', 'print what was written and what is missing as JSON')
    .action(async (file: string | undefined, options: object) =>
      done(await (await import('./commands/orb.ts')).pin(name, file, options)),
    );
}

const errors = command('errors', 'look at how errors become issues', ['millrace errors group event.json --json']);
errors
  .command('group')
  .description('say how events are grouped and why, without a server')
  .argument('<file...>', 'events as a client sends them, one JSON object a file')
  .option('--json', 'print variants, hashes and the tree of parts as JSON')
  .option('--stack-rules <file>', 'stack trace rules of a project, after the default ones')
  .option('--fingerprint-rules <file>', 'fingerprint rules of a project')
  .action(async (files: string[], options: object) =>
    done(await (await import('./commands/errors.ts')).groupFiles(files, options)),
  );

command('run', 'run the pipeline of the working tree here, on this machine, as the server would', [
  'millrace run',
  'millrace run --job test --secret NPM_TOKEN',
  'millrace run .circleci/other.yml --parameter deploy=true --approve',
])
  .argument('[file]', 'pipeline file; looked for in the working tree when absent')
  .option('--job <name>', 'only this job, without what it requires')
  .option('--branch <name>', 'as if this branch was pushed (default: the one checked out)')
  .option('--tag <name>', 'as if this tag was pushed')
  .option('--parameter <name=value>', 'a pipeline parameter; may be given again', collect)
  .option('--secret <name[=value]>', 'a variable for jobs, masked in their output; taken from the environment', collect)
  .option('--approve', 'approve jobs that wait for it')
  .option('--host', 'run every job on this machine itself, also those that ask for an image')
  .option('--json', 'print nothing but the run at its end, as JSON')
  .action(async (file: string | undefined, options: object) =>
    done(await (await import('./commands/run.ts')).run(file, options)),
  );

command('login', 'keep an address and a token for the commands below', [
  'millrace login http://localhost:7400',
  'millrace login https://millrace.example.org --token mlr_...',
  'cat token | millrace login',
])
  .argument('[address]', 'where the server is (default: http://localhost:7400)')
  .option('--token <token>', 'an API token; asked for when absent (MILLRACE_TOKEN)')
  .option('--json', 'print what was stored, without the token, as JSON')
  .action(async (address: string | undefined, options: object) =>
    done(await (await import('./commands/login.ts')).login(address, options)),
  );

const project = command('project', 'make and look at projects', [
  'millrace project list',
  'millrace project create Shop',
  'millrace project show shop --json',
]);
const projectModule = () => import('./commands/project.ts');
project
  .command('list')
  .description('list projects')
  .option('--json', 'print as JSON')
  .action(async (options: object) => done(await (await projectModule()).listProjects(options)));
project
  .command('create')
  .description('make a project with an empty repository')
  .argument('<name>', 'its name')
  .option('--slug <slug>', 'its short name in addresses; made from the name when absent')
  .option('--branch <name>', 'its default branch (default: main)')
  .option('--json', 'print as JSON')
  .action(async (name: string, options: object) => done(await (await projectModule()).createProject(name, options)));
project
  .command('show')
  .description('show one project')
  .argument('<project>', 'id or slug')
  .option('--json', 'print as JSON')
  .action(async (name: string, options: object) => done(await (await projectModule()).showProject(name, options)));

command('shell', 'enter the place where a job runs; a job that ended runs again for it, and its place is kept', [
  'millrace shell test               # the job of that name in the newest run',
  'millrace shell test --run 41',
  'millrace shell 01a208fc-9618-7c18-ad4f-3f0410f20000',
])
  .argument('<job>', 'name of a job, or its id')
  .option('--run <run>', 'number, id or commit of the run (default: the newest)')
  .option('--project <project>', 'the project, when it is not the one of this directory')
  .action(async (job: string, options: object) =>
    done(await (await import('./commands/shell.ts')).shell(job, options)),
  );

command('logs', 'print and follow the output of a run, or of what is deployed', [
  'millrace logs                       # the newest run of this project',
  'millrace logs 12 --job test --failed',
  'millrace logs --service web --environment production --follow',
])
  .argument('[run]', 'number or id of a run; the newest when absent')
  .option('--project <project>', 'id or slug; found by the git remote when absent')
  .option('--job <name>', 'only this job')
  .option('--failed', 'only steps that failed')
  .option('--follow', 'go on while there is more (the default for a run)')
  .option('--no-follow', 'print what is there and end')
  .option('--service <name>', 'logs of a deployed service')
  .option('--environment <name>', 'logs of an environment')
  .addOption(
    new Option('--level <level>', 'least severity').choices(['trace', 'debug', 'info', 'warn', 'error', 'fatal']),
  )
  .option('--text <words>', 'only lines with these words')
  .option('--limit <lines>', 'how many lines to begin with', lineCount, '200')
  .option('--json', 'print the run, or one line of JSON for each log line')
  .action(async (run: string | undefined, options: object) =>
    done(await (await import('./commands/logs.ts')).logs(run, options)),
  );

const deployModule = () => import('./commands/deploy.ts');
command('deploy', 'deploy a release to an environment and follow it', [
  'millrace deploy staging --release 12',
  'millrace deploy production             # the release that serves, again',
])
  .argument('<environment>', 'its name')
  .option('--project <project>', 'id or slug; found by the git remote when absent')
  .option('--release <release>', 'number, version, commit or id')
  .option('--reason <text>', 'why; kept in the timeline')
  .option('--no-wait', 'return as soon as the server accepted it')
  .option('--json', 'print the deployment as JSON')
  .action(async (name: string, options: object) => done(await (await deployModule()).deploy(name, options)));

command('rollback', 'return an environment to an earlier release', [
  'millrace rollback production           # to the last one known to be good',
  'millrace rollback production --to 11 --yes',
])
  .argument('<environment>', 'its name')
  .option('--project <project>', 'id or slug; found by the git remote when absent')
  .option('--to <release>', 'number, version, commit or id')
  .option('--reason <text>', 'why; kept in the timeline')
  .option('-y, --yes', 'do not ask')
  .option('--no-wait', 'return as soon as the server accepted it')
  .option('--json', 'print the deployment as JSON')
  .action(async (name: string, options: object) => done(await (await deployModule()).rollback(name, options)));

command('rebuild', 'build a release again whose images or directories are not kept any more', [
  'millrace rebuild 11',
  'millrace rebuild r11-0123abc && millrace rollback production --to 11',
])
  .argument('<release>', 'number, version, commit or id')
  .option('--project <project>', 'id or slug; found by the git remote when absent')
  .option('--json', 'print the release as JSON')
  .action(async (name: string, options: object) =>
    done(await (await import('./commands/rebuild.ts')).rebuild(name, options)),
  );

command('query', 'ask telemetry in NRQL', [
  'millrace query "SELECT count(*) FROM Transaction FACET name SINCE 1 hour ago"',
  'millrace query "SELECT average(duration) FROM Transaction TIMESERIES" --project shop',
  'millrace query --compile "SELECT count(*) FROM Log SINCE today"   # the SQL, or what is wrong and where',
])
  .argument('<nrql...>', 'the query')
  .option('--project <project>', 'id or slug; every project when absent')
  .option('--compile', 'print the ClickHouse SQL without asking it; needs no server')
  .option('--json', 'print the whole answer, or what it compiles to, as JSON')
  .action(async (words: string[], options: object) =>
    done(await (await import('./commands/query.ts')).query(words, options)),
  );
