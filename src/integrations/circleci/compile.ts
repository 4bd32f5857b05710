import type { Diagnostic } from '../../kernel/diagnostics.ts';
import type { Plan, PlannedSchedule, PlannedWorkflow, SourceTree, Trigger } from '../../pipelines/port.ts';
import { type Compilation, newCompilation, templatingFor } from './compilation.ts';
import { readDocument } from './document.ts';
import { openFile, type PipelineFile } from './file.ts';
import { printFlat } from './flat.ts';
import { baseScope } from './library.ts';
import { child, type Entry, type Node } from './node.ts';
import { loadOrbs, type OrbTexts } from './orb-load.ts';
import { lockFile, type OrbLock, readLock } from './orb-lock.ts';
import { importOrbs } from './orbs.ts';
import type { OrbSources } from './port.ts';
import { Problems } from './problems.ts';
import { readSchedules } from './schedule.ts';
import { repositoryShelf } from './shelves.ts';
import { substitute } from './template.ts';
import { flattenWorkflow, lonelyBuild, planWorkflow } from './workflow.ts';

export interface CompileSource {
  file: string;
  text: string;
  tree: SourceTree;
  trigger: Trigger;
}

export type Compiled = { plan: Plan; problems: Diagnostic[] } | { plan: undefined; problems: Diagnostic[] };

/** A file read, its orbs imported. `file` is undefined when it cannot be read at all. */
export interface OpenedSource {
  file: PipelineFile | undefined;
  texts: OrbTexts;
  compilation: Compilation;
  problems: Problems;
}

/** Reads a file and its orbs, which are looked for in the repository, then in `orbs`. */
export async function openSource(source: CompileSource, orbs: OrbSources): Promise<OpenedSource> {
  const problems = new Problems();
  const compilation = newCompilation(problems, false);
  const root = readDocument(source.file, source.text, problems);
  const file = root && openFile(root, source.trigger, compilation);
  const texts: OrbTexts =
    file && compilation.templates ? await bringOrbs(file, source.tree, orbs, compilation) : new Map();
  return { file, texts, compilation, problems };
}

/** Compiles a `.circleci/config.yml` for one trigger. */
export async function compileCircleci(source: CompileSource, orbs: OrbSources): Promise<Compiled> {
  const { file, compilation, problems } = await openSource(source, orbs);
  const planned = file && planAll(file, source.trigger, compilation);
  if (!file || !planned || problems.failed) return { plan: undefined, problems: problems.list() };
  const found = problems.list();
  return {
    plan: {
      dialect: 'circleci',
      file: source.file,
      ...planned,
      setup: file.setup ? { defaults: file.defaults } : undefined,
      notes: found,
    },
    problems: found,
  };
}

async function bringOrbs(
  file: PipelineFile,
  tree: SourceTree,
  orbs: OrbSources,
  compilation: Compilation,
): Promise<OrbTexts> {
  const templating = templatingFor(compilation, file.library);
  const quiet = { ...templating, problems: new Problems() };
  const resolve = (node: Node): Node => substitute(node, baseScope(file.library), quiet);
  const sources = { ...orbs, shelves: [repositoryShelf(tree), ...orbs.shelves] };
  const lock = await lockOf(file.root, tree, compilation);
  const texts = await loadOrbs(file.root, sources, lock, resolve, compilation.problems);
  importOrbs(file.library, child(file.root, 'orbs'), texts, templating);
  return texts;
}

/** The lock of the repository, read only where there are orbs. */
async function lockOf(root: Node, tree: SourceTree, compilation: Compilation): Promise<OrbLock> {
  const text = child(root, 'orbs')?.kind === 'map' ? await tree.read(lockFile) : undefined;
  return text === undefined ? new Map() : readLock(text, compilation.problems);
}

function planAll(
  file: PipelineFile,
  trigger: Trigger,
  compilation: Compilation,
): { workflows: PlannedWorkflow[]; schedules: PlannedSchedule[] } {
  const { problems } = compilation;
  const ref = { branch: trigger.branch, tag: trigger.tag };
  const schedules: PlannedSchedule[] = [];
  const workflows = [...workflowsOf(file, compilation)].flatMap(([name, entry]) => {
    const triggers = entry.value.kind === 'map' ? entry.value.entries.get('triggers') : undefined;
    schedules.push(...readSchedules(name, triggers, trigger.branch, problems));
    const workflow = planWorkflow(name, entry, file.library, ref, compilation);
    if (!begins(name, triggers !== undefined, trigger)) {
      if (triggers && trigger.kind !== 'schedule')
        problems.note(entry.keyAt, `Workflow "${name}" runs on its schedule only`);
      return [];
    }
    return workflow && workflow.jobs.length > 0 ? [workflow] : [];
  });
  if (file.setup && workflows.length > 1) {
    const names = workflows.map(({ name }) => name).join(', ');
    const message = `A setup configuration runs one workflow, and here ${workflows.length} would run: ${names}`;
    problems.error(
      file.root.entries.get('setup')?.keyAt,
      message,
      'Leave one, or give them conditions of which one holds.',
    );
  }
  return { workflows, schedules };
}

/** A workflow with `triggers` runs when its own time has come, every other for all else. */
function begins(name: string, scheduled: boolean, trigger: Trigger): boolean {
  if (trigger.kind !== 'schedule') return !scheduled;
  return trigger.schedule ? scheduled && trigger.schedule.workflow === name : true;
}

/** The workflows of a file; where it has none, one of the job `build`. */
export function workflowsOf(file: PipelineFile, compilation: Compilation): Map<string, Entry> {
  if (file.workflows.size > 0) return file.workflows;
  const only = lonelyBuild(file.library, file.root.at);
  if (only) return new Map([['workflow', only]]);
  compilation.problems.warning(file.root.at, 'There are no workflows and no job called "build", so nothing runs');
  return new Map();
}

/**
 * The file with everything expanded, in CircleCI's own YAML of version 2: what `circleci config process` prints. Filters stay, as
 * nothing here depends on the branch but conditions. `text` is undefined when there are errors.
 */
export async function processCircleci(
  source: CompileSource,
  orbs: OrbSources,
): Promise<{ text: string | undefined; problems: Diagnostic[] }> {
  const { file, texts, compilation, problems } = await openSource(source, orbs);
  if (!file) return { text: undefined, problems: problems.list() };
  const workflows = [...workflowsOf(file, compilation)].flatMap(
    ([name, entry]) => flattenWorkflow(name, entry, file.library, compilation) ?? [],
  );
  if (problems.failed) return { text: undefined, problems: problems.list() };
  const comments = [...texts].flatMap(([name, orb]) =>
    orb.kind === 'loaded' ? [`Orb '${name}' resolved to '${orb.root.at.file}'`] : [],
  );
  return { text: printFlat(workflows, file.setup, comments), problems: problems.list() };
}
