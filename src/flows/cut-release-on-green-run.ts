import { type Deployments, readMillraceFile } from '../deployments/index.ts';
import { system } from '../kernel/events.ts';
import type { pipelineEvents } from '../pipelines/index.ts';
import type { EventData } from '../platform/events/catalogue.ts';
import type { Subscription } from '../platform/events/subscriptions.ts';
import type { Projects } from '../projects/index.ts';

type Finished = EventData<typeof pipelineEvents, 'run.finished'>;

/**
 * A green run of a branch that feeds an environment becomes a release, which then goes to the environments it feeds.
 * Which branches feed one is read from the `millrace.yaml` of that very commit.
 */
export function cutReleaseOnGreenRun(projects: Projects, deployments: Deployments): Subscription {
  return {
    name: 'cut-release-on-green-run',
    types: ['pipelines.run.finished'],
    async handle(event) {
      const run = event.data as Finished;
      if (run.status !== 'success' || run.branch === null || !event.projectId) return;
      // A night's work builds nothing new, and a fork's commit is not ours.
      if (run.trigger === 'pull-request' || run.trigger === 'schedule') return;
      const project = await projects.find(event.projectId);
      if (!project || !(await feedsAnEnvironment(projects, project, run.sha, run.branch))) return;
      await deployments.cutRelease({
        projectId: project.id,
        sha: run.sha,
        branch: run.branch,
        runId: run.runId,
        actor: system('cut-release-on-green-run'),
        causes: [event.id],
      });
    },
  };
}

async function feedsAnEnvironment(
  projects: Projects,
  project: { id: string; defaultBranch: string },
  sha: string,
  branch: string,
): Promise<boolean> {
  const tree = projects.tree(project.id, sha);
  const text = (await tree.read('millrace.yaml')) ?? (await tree.read('millrace.yml'));
  const { file } = readMillraceFile(text, { defaultBranch: project.defaultBranch });
  return file.environments.some(({ from }) => from.kind === 'branch' && from.name === branch);
}
