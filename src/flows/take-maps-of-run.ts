import type { deploymentEvents } from '../deployments/index.ts';
import { artifactMapLimits, type Errors, isMapName } from '../errors/index.ts';
import type { Pipelines, pipelineEvents } from '../pipelines/index.ts';
import type { EventData } from '../platform/events/catalogue.ts';
import type { Subscription } from '../platform/events/subscriptions.ts';
import type { Projects } from '../projects/index.ts';

type Finished = EventData<typeof pipelineEvents, 'run.finished'>;
type Cut = EventData<typeof deploymentEvents, 'release.cut'>;

/** Source maps among the artifacts of a green run are taken without an upload, and known by the release that the run becomes. */
export function takeMapsOfRun(projects: Projects, pipelines: Pipelines, errors: Errors): Subscription {
  return {
    name: 'take-maps-of-run',
    types: ['pipelines.run.finished', 'deployments.release.cut'],
    async handle({ type, projectId, data }) {
      if (!projectId || !(await projects.find(projectId))) return;
      if (type === 'deployments.release.cut') {
        const { runId, version } = data as Cut;
        if (runId) await errors.runMaps.name(projectId, runId, version);
        return;
      }
      const { runId, status, trigger } = data as Finished;
      // What a fork builds says nothing about our scripts.
      if (status !== 'success' || trigger === 'pull-request') return;
      await errors.runMaps.take(projectId, runId, mapsOf(pipelines, runId));
    },
  };
}

async function* mapsOf(pipelines: Pipelines, runId: string): AsyncGenerator<{ path: string; body: Buffer }> {
  for (const { id, path, bytes } of await pipelines.listArtifacts(runId)) {
    if (!isMapName(path) || bytes > artifactMapLimits.fileBytes) continue;
    const body = await pipelines.readArtifact(id);
    if (body) yield { path, body };
  }
}
