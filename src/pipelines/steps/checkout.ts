import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { packTar } from '../../platform/files/tar.ts';
import type { StepContext } from './context.ts';
import { resolvePath } from './paths.ts';

/** Puts a clone of the repository, at the run's commit, into the working directory (or `path`). */
export async function checkout(context: StepContext<'checkout'>): Promise<number> {
  const { run, step, say } = context;
  const target = step.path === undefined ? context.workingDirectory : resolvePath(step.path, context);
  const directory = join(context.files.place(context.job.id), `checkout-${context.number}`);
  await rm(directory, { recursive: true, force: true });
  say(
    `Checking out ${run.sha.slice(0, 10)}${run.branch ? ` of ${run.branch}` : run.tag ? ` (tag ${run.tag})` : ''} into ${target}`,
  );
  await context.sources.checkout({
    projectId: run.projectId,
    sha: run.sha,
    branch: run.branch ?? undefined,
    tag: run.tag ?? undefined,
    extent: step.method === 'shallow' ? { depth: step.depth ?? 1 } : step.method === 'full' ? 'full' : 'usual',
    directory,
  });
  const moved = await context.place.moveIn?.(target, directory);
  if (!moved) await context.place.copyIn(target, packTar(directory, ['.'], context.owner));
  await rm(directory, { recursive: true, force: true });
  say(`HEAD is now at ${run.sha.slice(0, 10)} ${run.commit.message.split('\n')[0]}`);
  return 0;
}
