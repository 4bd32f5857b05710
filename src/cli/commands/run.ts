import { homedir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { createInterface } from 'node:readline/promises';
import type { LocalRun } from '../../app/index.ts';
import { Fault } from '../../kernel/faults.ts';
import type { PipelineDialect, Plan } from '../../pipelines/port.ts';
import { exitCodes } from '../exit.ts';
import { explainReport } from '../explain-report.ts';
import { followRun } from '../follow-run.ts';
import { pipelineDialects } from '../formats.ts';
import { runReport } from '../run-report.ts';
import type { Run } from '../runs.ts';
import { openTerminal, type Terminal } from '../terminal.ts';
import { readCheckout } from '../working-tree.ts';
import { explainHere, parseParameters } from './explain.ts';

export interface RunOptions {
  json?: boolean;
  branch?: string;
  tag?: string;
  parameter?: string[];
  secret?: string[];
  job?: string;
  approve?: boolean;
  host?: boolean;
}

/**
 * Runs the pipeline of the working tree on this machine with the server's own engine, printing as it goes. Exit code 0 when it
 * succeeded. An interrupt cancels it and lets its last steps end.
 */
export async function run(file: string | undefined, options: RunOptions): Promise<number> {
  const terminal = options.json ? { ...openTerminal(), print: () => {} } : openTerminal();
  const began = performance.now();
  const { root } = await readCheckout(process.cwd());
  const { explained, trigger, found } = await explainHere(file, options);
  for (const line of explainReport(explained, trigger, found, terminal)) terminal.print(line);
  if (explained.plan === undefined) {
    if (!options.json) return exitCodes.failed;
    throw new Fault('unprocessable', 'There is no pipeline that can be run', {
      code: 'cli.no-plan',
      problems: explained.problems,
    });
  }
  terminal.print('');
  const { runLocally } = await import('../../app/index.ts');
  const local = await runLocally({
    directory: root,
    dataDir: localDirectory(),
    dialects: await dialectsFor(file, root, explained.plan),
    branch: options.branch,
    tag: options.tag,
    parameters: parseParameters(options.parameter ?? []),
    secrets: (options.secret ?? []).map(readSecret),
    job: options.job,
    withoutContainers: options.host === true,
  });
  const interrupted = onInterrupt(local, terminal);
  try {
    const ended = await followRun(
      { run: local.readRun, job: local.readJob, lines: local.readLines },
      { follow: true, onHold: (held) => approveHeld(held, local, options.approve === true, terminal) },
      terminal,
    );
    tellEnd(ended, terminal, began);
    if (options.json) process.stdout.write(`${JSON.stringify(ended, null, 2)}\n`);
    return ended.status === 'success' ? exitCodes.ok : exitCodes.failed;
  } finally {
    interrupted();
    await local.stop();
  }
}

function tellEnd(ended: Run, terminal: Terminal, began: number): void {
  terminal.print('');
  for (const line of runReport(ended, terminal)) terminal.print(line);
  if (ended.status === 'on_hold') terminal.note('Jobs wait for an approval; run it again with --approve.');
  terminal.note(`${((performance.now() - began) / 1000).toFixed(1)} s`);
}

/**
 * Caches and the store of local runs: not worth a backup, so they stand with other caches. The store of root runs under another user,
 * who cannot pass through root's home.
 */
function localDirectory(env: NodeJS.ProcessEnv = process.env): string {
  if (env.MILLRACE_LOCAL) return resolve(env.MILLRACE_LOCAL);
  if (process.getuid?.() === 0) return '/var/cache/millrace/local';
  return join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'millrace', 'local');
}

async function dialectsFor(file: string | undefined, root: string, plan: Plan): Promise<PipelineDialect[]> {
  const dialects = await pipelineDialects();
  if (plan.dialect === 'derived') return [derived(plan)];
  if (file === undefined) return dialects;
  const path = relative(root, resolve(file)).split('\\').join('/');
  if (path.startsWith('..')) {
    const hint = 'Its steps need a working tree to run in.';
    throw new Fault('invalid', `${file} is not in this working tree`, { code: 'cli.outside', hint });
  }
  const chosen = dialects.find((dialect) => dialect.files.includes(path)) ?? dialects[0]!;
  return [{ ...chosen, files: [path] }];
}

/** The plan that was derived here, in place of a file: the files it was derived from are there to be read. */
function derived(plan: Plan): PipelineDialect {
  const files = plan.notes.flatMap((note) => note.file ?? []);
  return { name: 'derived', files, lint: () => [], compile: async () => ({ plan, problems: plan.notes }) };
}

/** `NAME` takes the value from the environment, so that it does not stand in the history of the shell. */
function readSecret(text: string): { name: string; value: string } {
  const split = text.indexOf('=');
  const name = split === -1 ? text : text.slice(0, split);
  const value = split === -1 ? process.env[name] : text.slice(split + 1);
  if (value !== undefined && /^[A-Za-z_]\w*$/.test(name)) return { name, value };
  throw new Fault('invalid', `"${name}" is not set here`, {
    code: 'cli.secret',
    hint: 'Write NAME=value, or export NAME first.',
  });
}

async function approveHeld(held: Run, local: LocalRun, approveAll: boolean, terminal: Terminal): Promise<boolean> {
  const waiting = held.jobs.filter((job) => job.kind === 'approval' && job.status === 'on_hold');
  const asks = terminal.interactive && process.stdin.isTTY === true;
  if (waiting.length === 0) return true;
  if (!approveAll && !asks) return false;
  for (const job of waiting) {
    if (!approveAll && !(await agreed(job.name))) return false;
    await local.approve(job.id);
    terminal.print(`${job.name} approved`);
  }
  return true;
}

async function agreed(name: string): Promise<boolean> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await lines.question(`Approve ${name}? [y/N] `);
  lines.close();
  return /^y(?:es)?$/i.test(answer.trim());
}

/** The first interrupt cancels the run; a second one ends this process at once. */
function onInterrupt(local: LocalRun, terminal: Terminal): () => void {
  const cancel = (): void => {
    terminal.note('Canceling; press again to leave at once');
    process.once('SIGINT', () => process.exit(130));
    local.cancel().catch((error: Error) => terminal.note(error.message));
  };
  process.once('SIGINT', cancel);
  process.once('SIGTERM', cancel);
  return () => {
    process.removeListener('SIGINT', cancel);
    process.removeListener('SIGTERM', cancel);
  };
}
