import { type Diagnostic, formatDiagnostic } from '../kernel/diagnostics.ts';
import type { Plan, PlannedJob, Trigger } from '../pipelines/port.ts';
import type { Outlook } from './outlook.ts';
import { table } from './table.ts';
import type { Terminal } from './terminal.ts';

type Paint = Pick<Terminal, 'paint'>;

/** What will run and why, for a person. */
export function explainReport(
  explained: { plan: Plan | undefined; problems: Diagnostic[] },
  trigger: Trigger,
  found: { path: string; meaning: string }[],
  terminal: Paint,
): string[] {
  const { plan, problems } = explained;
  const lines: string[] = [];
  if (found.length > 0) {
    lines.push(terminal.paint('bold', 'Found here'));
    lines.push(
      ...table(
        found.map(({ path, meaning }) => [path, terminal.paint('grey', meaning)]),
        { indent: '  ' },
      ),
      '',
    );
  }
  const notes = plan?.dialect === 'derived' ? plan.notes : problems;
  if (plan) lines.push(...planReport(plan, trigger, terminal));
  if (notes.length > 0) {
    lines.push('', terminal.paint('bold', plan?.dialect === 'derived' ? 'Why' : 'Notes'));
    lines.push(...notes.map((note) => `  ${terminal.paint(severityColour(note), formatDiagnostic(note))}`));
  }
  return lines;
}

/** What would be deployed and where to, for a person; nothing when there are no services. */
export function outlookReport(outlook: Outlook, terminal: Paint): string[] {
  const { services, environments, problems, found } = outlook;
  const lines: string[] = [];
  if (services.length > 0) {
    lines.push('', `${terminal.paint('bold', 'What is deployed')} (${found.replace(/\.$/, '')})`);
    const rows = services.map((service) => [
      service.name,
      service.build ? `built from ${service.build.context}` : (service.image ?? ''),
      service.ports.map((port) => `:${port.container}`).join(' '),
      service.kind === 'backing' ? 'kept across releases' : `${service.replicas} of it`,
    ]);
    lines.push(...table(rows, { indent: '  ' }), '', terminal.paint('bold', 'Where to'));
    const places = environments.map(({ name, from, approval }) => [
      name,
      from.kind === 'branch' ? `what passes on branch ${from.name}` : `what is good in ${from.name}`,
      approval ? 'after an approval' : '',
    ]);
    lines.push(...table(places, { indent: '  ' }));
  }
  for (const problem of problems) lines.push(`  ${terminal.paint(severityColour(problem), formatDiagnostic(problem))}`);
  return lines;
}

function severityColour(note: Diagnostic): 'red' | 'yellow' | 'grey' {
  return note.severity === 'error' ? 'red' : note.severity === 'warning' ? 'yellow' : 'grey';
}

function planReport(plan: Plan, trigger: Trigger, terminal: Paint): string[] {
  const time = trigger.schedule ? `the schedule of ${trigger.schedule.workflow} on ` : '';
  const ref = `${time}${trigger.tag ? `tag ${trigger.tag}` : `branch ${trigger.branch}`}`;
  const origin = plan.file ?? 'no pipeline file; derived from what is here';
  const lines = [`${terminal.paint('bold', 'What runs')} for ${ref} (${origin})`];
  if (plan.workflows.length === 0) lines.push('  nothing: no workflow applies');
  for (const workflow of plan.workflows) {
    lines.push(`  ${terminal.paint('bold', workflow.name)}`);
    const rows = workflow.jobs.map((job) => [
      job.name,
      placeOf(job),
      workOf(job),
      terminal.paint('grey', detailsOf(job)),
    ]);
    lines.push(...table(rows, { indent: '    ' }));
  }
  const schedules = trigger.schedule ? [] : (plan.schedules ?? []);
  if (schedules.length > 0) {
    lines.push('', `${terminal.paint('bold', 'What runs by itself')} (UTC)`);
    lines.push(
      ...table(
        schedules.map(({ workflow, cron }) => [workflow, cron]),
        { indent: '  ' },
      ),
    );
  }
  return lines;
}

function placeOf(job: PlannedJob): string {
  if (job.kind === 'approval') return 'waits for a person';
  if (job.kind === 'no-op') return 'nothing to do';
  if (job.kind === 'lock') return `waits for the lock ${job.lockKey ?? ''}`;
  if (job.kind === 'unlock') return `gives back the lock ${job.lockKey ?? ''}`;
  const { executor } = job;
  if (executor.kind === 'docker') {
    const [first, ...rest] = executor.images;
    return `${first?.image ?? 'docker'}${rest.map((image) => ` + ${image.image}`).join('')}`;
  }
  return executor.kind === 'macos' ? `macOS, Xcode ${executor.xcode}` : 'this machine';
}

function workOf(job: PlannedJob): string {
  if (job.kind !== 'build') return '';
  const copies = job.parallelism > 1 ? `${job.parallelism} copies of ` : '';
  return `${copies}${job.steps.length} ${job.steps.length === 1 ? 'step' : 'steps'}`;
}

function detailsOf(job: PlannedJob): string {
  const names = job.requires.map(({ key, outcomes }) => {
    const name = key.slice(job.workflow.length + 1);
    return outcomes.length === 1 && outcomes[0] === 'success' ? name : `${name} (${outcomes.join(' or ')})`;
  });
  const parts = [
    names.length > 0 ? `after ${names.join(', ')}` : '',
    job.contexts.length > 0 ? `contexts ${job.contexts.join(', ')}` : '',
    job.serialGroup ? `one at a time in ${job.serialGroup}` : '',
    job.source ? `line ${job.source.line}` : '',
  ];
  return parts.filter((part) => part !== '').join('; ');
}
