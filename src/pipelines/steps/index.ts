import type { PlannedStep } from '../port.ts';
import { restoreCache, saveCache } from './cache.ts';
import { checkout } from './checkout.ts';
import type { JobContext, StepContext } from './context.ts';
import { storeArtifacts, storeTestResults } from './results.ts';
import { addSshKeys } from './ssh.ts';
import { waitForShell } from './wait-for-shell.ts';
import { attachWorkspace, persistToWorkspace } from './workspace.ts';

type Handlers = {
  [Kind in Exclude<PlannedStep['kind'], 'run'>]: (context: StepContext<Kind>) => Promise<number> | number;
};

/** What the server does for a job when its driver asks, by kind of step. Each resolves to the step's exit status. */
const handlers: Handlers = {
  checkout,
  save_cache: saveCache,
  restore_cache: restoreCache,
  persist_to_workspace: persistToWorkspace,
  attach_workspace: attachWorkspace,
  store_artifacts: storeArtifacts,
  store_test_results: storeTestResults,
  setup_remote_docker: (context) => {
    if (context.job.executor === 'host')
      context.say('The job runs on the host and reaches the container engine as the host does');
    else context.say('The container engine’s socket is at /var/run/docker.sock');
    return 0;
  },
  add_ssh_keys: addSshKeys,
  wait_for_shell: waitForShell,
};

/** Does a step for its job. A rejection is a failure of the step; its message belongs into the log. */
export async function performStep(context: JobContext, step: PlannedStep): Promise<number> {
  const handler = handlers[step.kind as keyof Handlers] as (
    context: JobContext & { step: PlannedStep },
  ) => Promise<number> | number;
  return handler({ ...context, step });
}
