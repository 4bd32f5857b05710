import type { DriveDeps } from './drive-rollout.ts';
import { deleteOfProject, listForgotten, pruneForgotten } from './store/forget.ts';

/**
 * A project that was deleted serves no longer: its routes go at once, its instances right after, and nothing starts them again. Data in
 * volumes stays, since nobody asked for that to go.
 */
export async function forgetProject(deps: DriveDeps, projectId: string): Promise<void> {
  await deps.database.transaction((tx) => deleteOfProject(tx, projectId));
  await deps.refreshRoutes();
  await clearForgotten(deps);
}

/** Ends what still runs of deleted projects here, such as an instance that was just being started. */
export async function clearForgotten(deps: DriveDeps): Promise<void> {
  for (const environmentId of await listForgotten(deps.database)) {
    for (const runtime of deps.runtimes) {
      if (!(await runtime.available()).ready) continue;
      await runtime
        .clear(environmentId)
        .catch((error: unknown) => deps.log.warn({ err: error, environmentId }, 'a deleted environment runs on'));
    }
  }
  await pruneForgotten(deps.database);
}
