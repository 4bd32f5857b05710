import type { Compilation } from './compilation.ts';
import { type Invocation, invocationKeys, setting } from './invocation.ts';
import { emptyBody, expandJob, type JobBody, jobParameters } from './job.ts';
import { find } from './library.ts';
import { type Library, textOf } from './node.ts';
import { reportMissing } from './orbs.ts';
import { readText } from './read.ts';

/** The body of one invocation: of the job it names, or of the one that overrides it, or of none. Undefined when there is none; reported. */
export function bodyOf(one: Invocation, library: Library, compilation: Compilation): JobBody | undefined {
  const { problems } = compilation;
  const typeNode = setting(one, 'type');
  const type = readText(typeNode, '"type"', problems);
  if (type === 'approval' || type === 'no-op') {
    if (type === 'approval' && library.sections.jobs.has(one.job)) {
      const message = `"${one.job}" is also a job; as an approval nothing of that job runs`;
      problems.warning(one.at, message, 'Give the approval a name of its own.');
    }
    return emptyBody(type);
  }
  if (type !== undefined && type !== 'build') {
    problems.error(typeNode?.at, `The type of an invocation is "approval" or "no-op", not "${type}"`);
  }
  const replacement = setting(one, 'override-with');
  const replaced = replacement?.kind === 'scalar' ? find(library, 'jobs', textOf(replacement)) : undefined;
  const name = replaced?.kind === 'found' && replacement?.kind === 'scalar' ? textOf(replacement) : one.job;
  const found = find(library, 'jobs', name);
  if (found.kind === 'missing') {
    if (!compilation.linting) reportMissing(found.orb, problems);
    return undefined;
  }
  if (found.kind === 'none') {
    problems.error(
      one.at,
      `There is no job "${name}"`,
      name.includes('/') ? undefined : 'Jobs are declared under "jobs".',
    );
    return undefined;
  }
  compilation.used.add(`jobs/${found.library.name}/${name}`);
  const given = new Map([...one.settings].filter(([key]) => !invocationKeys.includes(key)));
  const declared = one.cell && jobParameters(found.entry, found.library, compilation);
  for (const [key, entry] of one.cell ?? []) {
    if (!declared?.has(key)) {
      problems.warning(
        entry.keyAt,
        `Job "${name}" has no parameter "${key}"; it only tells the cells of the matrix apart`,
      );
      continue;
    }
    if (given.has(key)) problems.error(entry.keyAt, `"${key}" is given both in the matrix and beside it`);
    given.set(key, entry);
  }
  const call = {
    given,
    at: one.at,
    from: library,
    before: setting(one, 'pre-steps'),
    after: setting(one, 'post-steps'),
  };
  return expandJob(name, found, call, compilation);
}
