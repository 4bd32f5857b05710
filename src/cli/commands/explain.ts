import { type Diagnostic, formatDiagnostic, hasErrors } from '../../kernel/diagnostics.ts';
import { Fault } from '../../kernel/faults.ts';
import type { Plan, Trigger } from '../../pipelines/port.ts';
import { exitCodes } from '../exit.ts';
import { explainReport, outlookReport } from '../explain-report.ts';
import { findings } from '../findings.ts';
import { orbsHere, pipelineDialects } from '../formats.ts';
import { readOutlook } from '../outlook.ts';
import { readPipelineFile, type Situation, situation } from '../pipeline-source.ts';
import { openTerminal } from '../terminal.ts';
import { workingTree } from '../working-tree.ts';

interface ExplainOptions {
  json?: boolean;
  branch?: string;
  tag?: string;
  schedule?: string;
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
  const here = await situation(file, wantedOf(options));
  const { processCircleci } = await import('../../integrations/circleci/index.ts');
  const source = await readPipelineFile(file, here, (await pipelineDialects()).slice(0, 1));
  if (!source) throw new Fault('missing', 'There is no .circleci/config.yml here', { code: 'cli.no-file' });
  const { text, problems } = await processCircleci({ ...source, ...here }, await orbsHere());
  for (const problem of problems.filter(({ severity }) => severity !== 'info'))
    terminal.note(formatDiagnostic(problem));
  if (text === undefined) return exitCodes.failed;
  terminal.print(text.trimEnd());
  return exitCodes.ok;
}

/** Compiles what `millrace run` would run here. */
export async function explainHere(
  file: string | undefined,
  options: ExplainOptions,
): Promise<{ explained: Explained; trigger: Trigger; found: { path: string; meaning: string }[]; root: string }> {
  const here = await situation(file, wantedOf(options));
  const explained = scheduledOnly(await compileHere(file, here), options.schedule);
  return { explained, trigger: here.trigger, found: findings(await here.tree.list()), root: here.root };
}

/** A schedule that nothing has is a mistake of whoever asked, not an empty plan. */
function scheduledOnly(explained: Explained, workflow: string | undefined): Explained {
  const { plan, problems } = explained;
  if (workflow === undefined || !plan || plan.schedules?.some((one) => one.workflow === workflow)) return explained;
  const names = [...new Set((plan.schedules ?? []).map((one) => one.workflow))];
  const message = `No workflow "${workflow}" has a schedule on this branch`;
  const hint = names.length > 0 ? `There is: ${names.join(', ')}.` : 'Nothing here runs on a schedule.';
  return { plan, problems: [...problems, { severity: 'error', message, hint }] };
}

function wantedOf(options: ExplainOptions) {
  const { branch, tag, schedule } = options;
  return { branch, tag, schedule, parameters: parseParameters(options.parameter ?? []) };
}

async function compileHere(file: string | undefined, here: Situation): Promise<Explained> {
  const dialects = await pipelineDialects();
  const source = await readPipelineFile(file, here, dialects);
  const { tree, trigger } = here;
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
