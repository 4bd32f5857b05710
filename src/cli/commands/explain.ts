import { readFile } from 'node:fs/promises';
import { dirname, relative, resolve } from 'node:path';
import { type Diagnostic, formatDiagnostic, hasErrors } from '../../kernel/diagnostics.ts';
import { Fault } from '../../kernel/faults.ts';
import type { PipelineDialect, Plan, Trigger } from '../../pipelines/port.ts';
import { exitCodes } from '../exit.ts';
import { explainReport, outlookReport } from '../explain-report.ts';
import { findings } from '../findings.ts';
import { orbsHere, pipelineDialects } from '../formats.ts';
import { readOutlook } from '../outlook.ts';
import { openTerminal } from '../terminal.ts';
import { localTrigger, readCheckout, workingTree } from '../working-tree.ts';

interface ExplainOptions {
  json?: boolean;
  branch?: string;
  tag?: string;
  parameter?: string[];
  format?: string;
}

/** What a compilation came to, wherever the plan came from. */
interface Explained {
  plan: Plan | undefined;
  problems: Diagnostic[];
}

/** Prints the expanded plan of a file or of the working tree, and what else was found there. Exit code 1 when it has errors. */
export async function explain(file: string | undefined, options: ExplainOptions): Promise<number> {
  const terminal = openTerminal();
  if (options.format !== undefined) return explainFlat(file, options, terminal);
  const { explained, trigger, found, root } = await explainHere(file, options);
  const outlook = await readOutlook(workingTree(root), trigger.branch ?? 'main');
  const ok = explained.plan !== undefined && !hasErrors(explained.problems) && !hasErrors(outlook.problems);
  if (options.json) {
    const { plan } = explained;
    const { services, environments } = outlook;
    const problems = [...explained.problems, ...outlook.problems];
    terminal.print(
      JSON.stringify(
        { ok, ...(plan ?? { dialect: null, workflows: [], notes: [] }), problems, found, services, environments },
        null,
        2,
      ),
    );
  } else {
    for (const line of [...explainReport(explained, trigger, found, terminal), ...outlookReport(outlook, terminal)])
      terminal.print(line);
  }
  return ok ? exitCodes.ok : exitCodes.failed;
}

/** Prints the file with everything expanded in its own language; problems go to standard error. */
async function explainFlat(
  file: string | undefined,
  options: ExplainOptions,
  terminal: ReturnType<typeof openTerminal>,
): Promise<number> {
  if (options.format !== 'circleci') {
    const hint = 'There is: circleci.';
    throw new Fault('invalid', `Nothing is printed in the format "${options.format}"`, {
      code: 'cli.unknown-format',
      hint,
    });
  }
  const { tree, trigger, root } = await situation(file, options);
  const { processCircleci } = await import('../../integrations/circleci/index.ts');
  const source = await readPipelineFile(file, root, tree, (await pipelineDialects()).slice(0, 1));
  if (!source) throw new Fault('missing', 'There is no .circleci/config.yml here', { code: 'cli.no-file' });
  const { text, problems } = await processCircleci({ ...source, tree, trigger }, await orbsHere());
  for (const problem of problems.filter(({ severity }) => severity !== 'info'))
    terminal.note(formatDiagnostic(problem));
  if (text === undefined) return exitCodes.failed;
  terminal.print(text.trimEnd());
  return exitCodes.ok;
}

/** The working tree around a file or here, and the trigger that stands for it. */
async function situation(file: string | undefined, options: ExplainOptions) {
  const checkout = await readCheckout(file === undefined ? process.cwd() : dirname(resolve(file)));
  const trigger = localTrigger(checkout, { ...options, parameters: parseParameters(options.parameter ?? []) });
  return { root: checkout.root, tree: workingTree(checkout.root), trigger };
}

/** The pipeline file that is meant: the one named, or the first that a dialect finds. */
async function readPipelineFile(
  file: string | undefined,
  root: string,
  tree: ReturnType<typeof workingTree>,
  dialects: PipelineDialect[],
): Promise<{ dialect: PipelineDialect; file: string; text: string } | undefined> {
  if (file !== undefined) {
    const name = relative(root, resolve(file));
    const dialect = dialects.find((one) => one.files.includes(name)) ?? dialects[0]!;
    const text = await readFile(file, 'utf8').catch((error: Error) => {
      throw new Fault('invalid', `${file} cannot be read: ${error.message}`, { code: 'cli.unreadable' });
    });
    return { dialect, file, text };
  }
  for (const dialect of dialects) {
    for (const name of dialect.files) {
      const text = await tree.read(name);
      if (text !== undefined) return { dialect, file: name, text };
    }
  }
  return undefined;
}

/** Compiles what `millrace run` would run here. */
export async function explainHere(
  file: string | undefined,
  options: ExplainOptions,
): Promise<{ explained: Explained; trigger: Trigger; found: { path: string; meaning: string }[]; root: string }> {
  const { root, tree, trigger } = await situation(file, options);
  const explained = await compileHere(file, root, tree, trigger);
  return { explained, trigger, found: findings(await tree.list()), root };
}

async function compileHere(
  file: string | undefined,
  root: string,
  tree: ReturnType<typeof workingTree>,
  trigger: Trigger,
): Promise<Explained> {
  const dialects = await pipelineDialects();
  const source = await readPipelineFile(file, root, tree, dialects);
  if (source) return source.dialect.compile({ file: source.file, text: source.text, tree, trigger });
  const { derivePlan } = await import('../../pipelines/derive.ts');
  const plan = await derivePlan(tree, { containers: false });
  if (plan) return { plan, problems: [] };
  const message = 'There is no pipeline file here, and nothing from which a pipeline could be derived';
  const files = dialects.flatMap((dialect) => dialect.files).join(', ');
  return { plan: undefined, problems: [{ severity: 'error', message, hint: `Add one of: ${files}.` }] };
}

/** Reads `name=value` pairs; `true`, `false` and whole numbers take their own type. */
export function parseParameters(pairs: string[]): Trigger['parameters'] {
  return Object.fromEntries(
    pairs.map((pair) => {
      const split = pair.indexOf('=');
      if (split < 1) {
        throw new Fault('invalid', `"${pair}" is not a parameter`, {
          code: 'cli.parameter',
          hint: 'Write name=value.',
        });
      }
      const text = pair.slice(split + 1);
      const typed = text === 'true' ? true : text === 'false' ? false : /^-?\d{1,15}$/.test(text) ? Number(text) : text;
      return [pair.slice(0, split), typed];
    }),
  );
}
