import type { Survey } from '../../integrations/circleci/index.ts';
import { formatDiagnostic, hasErrors } from '../../kernel/diagnostics.ts';
import { Fault } from '../../kernel/faults.ts';
import { exitCodes } from '../exit.ts';
import { orbsHere, pipelineDialects } from '../formats.ts';
import { readPipelineFile, situation } from '../pipeline-source.ts';
import { table } from '../table.ts';
import { openTerminal, type Terminal } from '../terminal.ts';

/** Prints what of a CircleCI file works here as it is, what differs and what cannot be done. Exit code 1 when it has errors. */
export async function importCircleci(file: string | undefined, options: { json?: boolean }): Promise<number> {
  const terminal = openTerminal();
  const here = await situation(file, {});
  const source = await readPipelineFile(file, here, (await pipelineDialects()).slice(0, 1));
  if (!source) throw new Fault('missing', 'There is no .circleci/config.yml here', { code: 'cli.no-file' });
  const { surveyCircleci } = await import('../../integrations/circleci/index.ts');
  const survey = await surveyCircleci({ ...source, ...here }, await orbsHere());
  const ok = !hasErrors(survey.problems);
  if (options.json) terminal.print(JSON.stringify({ ok, file: source.file, ...survey }, null, 2));
  else for (const line of importReport(source.file, survey, terminal)) terminal.print(line);
  return ok ? exitCodes.ok : exitCodes.failed;
}

const titles = { works: 'Works as it is', differs: 'Differs', cannot: 'Cannot be done here' } as const;
const colours = { works: 'green', differs: 'yellow', cannot: 'red' } as const;

/** The survey for a person. */
export function importReport(file: string, survey: Survey, terminal: Pick<Terminal, 'paint'>): string[] {
  const { workflows, jobs, steps, uses, needs, problems } = survey;
  const lines = [`${terminal.paint('bold', file)}: ${jobs} jobs in ${workflows} workflows, ${steps} steps`];
  for (const outcome of ['works', 'differs', 'cannot'] as const) {
    const these = uses.filter((use) => use.outcome === outcome);
    const count = these.reduce((sum, use) => sum + use.count, 0);
    lines.push('', terminal.paint(colours[outcome], `${titles[outcome]} (${count})`));
    const rows = these.map((use) => {
      const at = use.places[0]!;
      return [use.feature, String(use.count), outcome === 'works' ? '' : `${at.file}:${at.line}`, use.note];
    });
    lines.push(...(rows.length > 0 ? table(rows, { indent: '  ', right: [1] }) : ['  nothing']));
  }
  const bring = [
    ['Contexts to make', needs.contexts],
    ['Orbs to vendor', needs.orbs],
    ['Variables that image logins need', needs.variables],
    ['SSH keys to replace', needs.sshKeys],
  ].filter(([, names]) => names!.length > 0);
  if (bring.length > 0) {
    lines.push('', terminal.paint('bold', 'To bring along'));
    lines.push(
      ...table(
        bring.map(([title, names]) => [String(title), (names as string[]).join(', ')]),
        { indent: '  ' },
      ),
    );
  }
  const told = problems.filter(({ severity }) => severity !== 'info');
  if (told.length > 0) {
    lines.push('', terminal.paint('bold', 'Problems'), ...told.map((problem) => `  ${formatDiagnostic(problem)}`));
  }
  return lines;
}
