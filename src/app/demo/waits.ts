import type { Client } from '../../client/index.ts';
import { Fault } from '../../kernel/faults.ts';

/** What the story waits for, asked of the server by its API. Everything ends early, with the signal's reason, when it aborts. */
export interface Waits {
  client: Client;
  project: string;
  signal: AbortSignal;
}

/** Says, while one waits, where it stands. */
export type Tell = (detail: string) => void;

const lookEveryMs = 250;
/** A machine with two slow cores that makes everything for the first time needs minutes, not hours. */
const patienceMs = 15 * 60_000;

async function until<Result>(waits: Waits, what: string, look: () => Promise<Result | undefined>): Promise<Result> {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    waits.signal.throwIfAborted();
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > deadline) {
      throw new Fault('unavailable', `${what} did not come within ${patienceMs / 60_000} minutes`, {
        code: 'app.demo-waited-in-vain',
        hint: 'Look at the Timeline for where it stands.',
      });
    }
    await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
  }
}

const broke = (what: string, why: string): Fault =>
  new Fault('unprocessable', `${what} ${why}`, { code: 'app.demo-broke', hint: 'The Timeline shows what led to it.' });

/** The run of a commit, once it has ended as it should. */
export async function runOf(waits: Waits, sha: string, wanted: 'success' | 'failed', tell: Tell) {
  return until(waits, 'The run of the push', async () => {
    const { items } = await waits.client.pipelines.listRuns({ query: { project: waits.project, limit: 20 } });
    const run = items.find((one) => one.sha === sha);
    if (!run) return undefined;
    const jobs = Object.values(run.jobCounts).reduce((sum, count) => sum + count, 0);
    if (jobs > 0) tell(`${run.jobCounts.success ?? 0} of ${jobs} jobs`);
    if (!['success', 'failed', 'canceled'].includes(run.status)) return undefined;
    if (run.status === wanted) return run;
    const { jobs: all } = await waits.client.pipelines.getRun({ params: { id: run.id } });
    const reasons = all.filter((job) => job.reason).map((job) => `${job.name}: ${job.reason}`);
    throw broke(`Run ${run.number} ended as ${run.status}`, reasons.length > 0 ? `(${reasons.join('; ')})` : '');
  });
}

/** The release of a commit, built. */
export async function releaseOf(waits: Waits, sha: string) {
  return until(waits, 'The release', async () => {
    const { items } = await waits.client.deployments.listReleases({
      params: { project: waits.project },
      query: { limit: 20 },
    });
    const release = items.find((one) => one.sha === sha);
    if (!release || release.status === 'queued' || release.status === 'building') return undefined;
    if (release.status !== 'ready')
      throw broke(`Release ${release.version} is ${release.status}:`, release.reason ?? 'no reason given');
    return release;
  });
}

const ended = ['succeeded', 'failed', 'canceled', 'superseded', 'rolled_back'];

/** The deployment of a version to an environment, once it has ended as it should. */
export async function deploymentOf(
  waits: Waits,
  version: string,
  environment: string,
  wanted: 'succeeded' | 'rolled_back',
  tell: Tell,
) {
  return until(waits, `${version} in ${environment}`, async () => {
    const { items } = await waits.client.deployments.listDeployments({ query: { project: waits.project, limit: 50 } });
    const deployment = items.find((one) => one.environment === environment && one.release.version === version);
    if (!deployment) return undefined;
    if (!ended.includes(deployment.status)) {
      tell(deployment.status === 'verifying' ? 'serves, and is watched' : deployment.status.replace('_', ' '));
      return undefined;
    }
    if (deployment.status === wanted) return deployment;
    const reason = deployment.reason ?? 'no reason given';
    throw broke(`${version} in ${environment} ended as ${deployment.status}`, `(${reason})`);
  });
}

/** Mails to people about the project, oldest first, once there are as many as there should be. */
export async function mailsOf(waits: Waits, atLeast: number) {
  return until(waits, 'A mail', async () => {
    const { items } = await waits.client.alerts.listDeliveries({ query: { project: waits.project, limit: 50 } });
    const mails = items.filter((one) => one.kind === 'mail' && one.state !== 'waiting');
    return mails.length >= atLeast ? mails.reverse() : undefined;
  });
}
