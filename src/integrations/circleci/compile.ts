import type { Diagnostic } from '../../kernel/diagnostics.ts';
import type { Plan, PlannedWorkflow, SourceTree, Trigger } from '../../pipelines/port.ts';
import { type Compilation, newCompilation, templatingFor } from './compilation.ts';
import { readDocument } from './document.ts';
import { openFile, type PipelineFile } from './file.ts';
import { baseScope } from './library.ts';
import { child, type Node } from './node.ts';
import { importOrbs, loadOrbs } from './orbs.ts';
import type { OrbShelf } from './port.ts';
import { Problems } from './problems.ts';
import { repositoryShelf } from './shelves.ts';
import { substitute } from './template.ts';
import { lonelyBuild, planWorkflow } from './workflow.ts';

export interface CompileSource {
  file: string;
  text: string;
  tree: SourceTree;
  trigger: Trigger;
}

export type Compiled = { plan: Plan; problems: Diagnostic[] } | { plan: undefined; problems: Diagnostic[] };

/** Compiles a `.circleci/config.yml` for one trigger. Orbs are looked for in the repository, then on `shelves`. */
export async function compileCircleci(source: CompileSource, shelves: OrbShelf[]): Promise<Compiled> {
  const problems = new Problems();
  const compilation = newCompilation(problems, false);
  const root = readDocument(source.file, source.text, problems);
  const opened = root && openFile(root, source.trigger, compilation);
  if (!opened) return { plan: undefined, problems: problems.list() };
  if (compilation.templates) await bringOrbs(opened, [repositoryShelf(source.tree), ...shelves], compilation);
  const ref = { branch: source.trigger.branch, tag: source.trigger.tag };
  const workflows = planAll(opened, source.trigger, ref, compilation);
  if (problems.failed) return { plan: undefined, problems: problems.list() };
  const found = problems.list();
  return { plan: { dialect: 'circleci', file: source.file, workflows, notes: found }, problems: found };
}

async function bringOrbs(file: PipelineFile, shelves: OrbShelf[], compilation: Compilation): Promise<void> {
  const templating = templatingFor(compilation, file.library);
  const quiet = { ...templating, problems: new Problems() };
  const resolve = (node: Node): Node => substitute(node, baseScope(file.library), quiet);
  const texts = await loadOrbs(file.root, shelves, resolve, compilation.problems);
  importOrbs(file.library, child(file.root, 'orbs'), texts, templating);
}

function planAll(
  file: PipelineFile,
  trigger: Trigger,
  ref: { branch: string | undefined; tag: string | undefined },
  compilation: Compilation,
): PlannedWorkflow[] {
  const { problems } = compilation;
  if (file.workflows.size === 0) {
    const only = lonelyBuild(file.library, ref, file.root.at, compilation);
    if (!only) problems.warning(file.root.at, 'There are no workflows and no job called "build", so nothing runs');
    return only && only.jobs.length > 0 ? [only] : [];
  }
  return [...file.workflows].flatMap(([name, entry]) => {
    const scheduled = child(entry.value, 'triggers') !== undefined;
    const workflow = planWorkflow(name, entry, file.library, ref, compilation);
    if (scheduled && trigger.kind !== 'schedule') {
      problems.note(entry.keyAt, `Workflow "${name}" runs on its schedule only`);
      return [];
    }
    return workflow && workflow.jobs.length > 0 ? [workflow] : [];
  });
}
