import { readFile } from 'node:fs/promises';
import { dirname, relative, resolve } from 'node:path';
import { type Diagnostic, hasErrors } from '../../kernel/diagnostics.ts';
import { Fault } from '../../kernel/faults.ts';
import type { Plan, Trigger } from '../../pipelines/port.ts';
import { exitCodes } from '../exit.ts';
import { explainReport, outlookReport } from '../explain-report.ts';
import { findings } from '../findings.ts';
import { pipelineDialects } from '../formats.ts';
import { readOutlook } from '../outlook.ts';
import { openTerminal } from '../terminal.ts';
import { localTrigger, readCheckout, workingTree } from '../working-tree.ts';

interface ExplainOptions {
  json?: boolean;
  branch?: string;
  tag?: string;
  parameter?: string[];
}

/** What a compilation came to, wherever the plan came from. */
interface Explained {
  plan: Plan | undefined;
  problems: Diagnostic[];
}

/** Prints the expanded plan of a file or of the working tree, and what else was found there. Exit code 1 when it has errors. */
export async function explain(file: string | undefined, options: ExplainOptions): Promise<number> {
  const terminal = openTerminal();
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

/** Compiles what `millrace run` would run here. */
export async function explainHere(
  file: string | undefined,
  options: ExplainOptions,
): Promise<{ explained: Explained; trigger: Trigger; found: { path: string; meaning: string }[]; root: string }> {
  const checkout = await readCheckout(file === undefined ? process.cwd() : dirname(resolve(file)));
  const tree = workingTree(checkout.root);
  const trigger = localTrigger(checkout, { ...options, parameters: parseParameters(options.parameter ?? []) });
  const explained = await compileHere(file, checkout.root, tree, trigger);
  return { explained, trigger, found: findings(await tree.list()), root: checkout.root };
}

async function compileHere(
  file: string | undefined,
  root: string,
  tree: ReturnType<typeof workingTree>,
  trigger: Trigger,
): Promise<Explained> {
  const dialects = await pipelineDialects();
  if (file !== undefined) {
    const name = relative(root, resolve(file));
    const dialect = dialects.find((one) => one.files.includes(name)) ?? dialects[0]!;
    const text = await readFile(file, 'utf8').catch((error: Error) => {
      throw new Fault('invalid', `${file} cannot be read: ${error.message}`, { code: 'cli.unreadable' });
    });
    return dialect.compile({ file, text, tree, trigger });
  }
  for (const dialect of dialects) {
    for (const name of dialect.files) {
      const text = await tree.read(name);
      if (text !== undefined) return dialect.compile({ file: name, text, tree, trigger });
    }
  }
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
