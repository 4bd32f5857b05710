import type { Diagnostic } from '../../kernel/diagnostics.ts';
import type { SourceTree } from '../../pipelines/port.ts';
import { type Compilation, newCompilation, templatingFor } from './compilation.ts';
import { readDocument } from './document.ts';
import { expandExecutor, readExecutor } from './executor.ts';
import { openFile, type PipelineFile } from './file.ts';
import { groupMembers } from './group.ts';
import { expandJob, jobParameters } from './job.ts';
import { baseScope, find } from './library.ts';
import { child, type Entry, type Library } from './node.ts';
import { loadOrbs, type OrbTexts } from './orb-load.ts';
import { lockFile, readLock } from './orb-lock.ts';
import { importOrbs } from './orbs.ts';
import { declareParameters, unknownParameters } from './parameters.ts';
import type { OrbSources } from './port.ts';
import { Problems } from './problems.ts';
import { readSchedules } from './schedule.ts';
import { createScope } from './scope.ts';
import { repositoryShelf } from './shelves.ts';
import { commandBody, expandSteps } from './steps.ts';
import { substitute } from './template.ts';
import { lonelyBuild, planWorkflow } from './workflow.ts';

/**
 * Checks a file without a trigger: everything it defines is walked with parameters of known types and unknown values, used or not.
 * Registry orbs are checked as far as `texts` holds them.
 */
export function lintCircleci(file: string, text: string, texts: OrbTexts = new Map()): Diagnostic[] {
  const problems = new Problems();
  const compilation = newCompilation(problems, true);
  const root = readDocument(file, text, problems);
  const opened = root && openFile(root, undefined, compilation);
  if (!opened) return problems.list();
  if (compilation.templates) {
    importOrbs(opened.library, child(root, 'orbs'), texts, templatingFor(compilation, opened.library));
  }
  compilation.unused = true;
  for (const [name, orb] of opened.library.orbs) {
    if ('missing' in orb)
      problems.note(orb.at, `The orb "${orb.missing}" is not at hand, so uses of "${name}" are not checked`);
    else checkLibrary(orb, compilation);
  }
  checkLibrary(opened.library, compilation);
  compilation.unused = false;
  checkWorkflows(opened, compilation);
  return problems.list();
}

/** As {@link lintCircleci}, with the orbs it imports read first: from the repository, as its lock pins them, then from `orbs`. */
export async function lintWithOrbs(
  file: string,
  text: string,
  orbs: OrbSources,
  tree?: SourceTree | undefined,
): Promise<Diagnostic[]> {
  const quiet = new Problems();
  const root = readDocument(file, text, quiet);
  if (!root) return lintCircleci(file, text);
  const locked = child(root, 'orbs') && (await tree?.read(lockFile));
  const lock = locked === undefined ? new Map() : readLock(locked, quiet);
  const shelves = [...(tree ? [repositoryShelf(tree)] : []), ...orbs.shelves];
  return lintCircleci(file, text, await loadOrbs(root, { ...orbs, shelves }, lock, (node) => node, quiet));
}

function checkWorkflows(file: PipelineFile, compilation: Compilation): void {
  const { problems } = compilation;
  if (file.workflows.size === 0) {
    const only = lonelyBuild(file.library, file.root.at);
    if (only) planWorkflow('workflow', only, file.library, undefined, compilation);
    else problems.warning(file.root.at, 'There are no workflows and no job called "build", so nothing runs');
    return;
  }
  for (const [name, entry] of file.workflows) {
    planWorkflow(name, entry, file.library, undefined, compilation);
    if (entry.value.kind === 'map') readSchedules(name, entry.value.entries.get('triggers'), undefined, problems);
  }
  const grouped = new Set<string>();
  for (const [name, entry] of file.library.sections['job-groups']) {
    for (const member of groupMembers(name, entry, file.library, compilation)) {
      grouped.add(member.job);
      const found = find(file.library, 'jobs', member.job);
      const placeholder = member.settings.get('type') !== undefined;
      if (found.kind === 'none' && !placeholder) problems.error(member.at, `There is no job "${member.job}"`);
    }
  }
  for (const [name, entry] of file.library.sections.jobs) {
    if (!compilation.used.has(`jobs//${name}`)) {
      const where = grouped.has(name)
        ? 'is used only in job groups that no workflow invokes'
        : 'is not used by any workflow';
      problems.warning(entry.keyAt, `Job "${name}" ${where}`);
    }
  }
}

function checkLibrary(library: Library, compilation: Compilation): void {
  for (const [name, entry] of library.sections.executors) checkExecutor(name, entry, library, compilation);
  for (const [name, entry] of library.sections.commands) checkCommand(name, entry, library, compilation);
  for (const [name, entry] of library.sections.jobs) {
    const declared = jobParameters(entry, library, compilation);
    const given = new Map<string, Entry>();
    for (const [parameter, value] of unknownParameters(declared)) given.set(parameter, { keyAt: value.at, value });
    expandJob(name, { library, entry }, { given, at: entry.keyAt, from: library }, compilation);
  }
}

function checkExecutor(name: string, entry: Entry, library: Library, compilation: Compilation): void {
  const declared = declareParameters(child(entry.value, 'parameters'), 'executor', new Problems());
  const given = new Map<string, Entry>();
  for (const [parameter, value] of unknownParameters(declared)) given.set(parameter, { keyAt: value.at, value });
  const call = { given, at: entry.keyAt, from: library };
  const body = expandExecutor(name, { library, entry }, call, compilation);
  if (body) readExecutor(body, compilation);
}

function checkCommand(name: string, entry: Entry, library: Library, compilation: Compilation): void {
  const body = commandBody(name, entry, compilation);
  if (!body) return;
  const templating = templatingFor(compilation, library);
  const declared = declareParameters(child(body, 'parameters'), 'command', compilation.problems, (node) =>
    substitute(node, baseScope(library), templating),
  );
  const scope = createScope({ parameters: unknownParameters(declared), pipeline: library.pipeline });
  const steps = child(body, 'steps');
  expandSteps(steps && substitute(steps, scope, templating), library, compilation);
}
