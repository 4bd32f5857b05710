import { type DockerEngine, tolerate } from './client.ts';
import { label } from './labels.ts';

/**
 * Ends and removes all containers and networks that carry a label (`name=value`), containers with `graceSeconds` to end by
 * themselves; volumes only when asked for. Idempotent; what is gone already is fine.
 */
export async function clearAway(
  docker: DockerEngine,
  wanted: string,
  options: { volumes: boolean; graceSeconds: number },
): Promise<void> {
  const filters = { label: [wanted] };
  const containers = await docker.listContainers({ all: true, filters });
  await Promise.all(
    containers.map(async ({ Id, State }) => {
      const container = docker.getContainer(Id);
      if (State === 'running') await tolerate([304, 404, 409], () => container.stop({ t: options.graceSeconds }));
      await tolerate([404, 409], () => container.remove({ force: true, v: true }));
    }),
  );
  const networks = await docker.listNetworks({ filters: filters as never });
  await Promise.all(networks.map(({ Id }) => tolerate([404], () => docker.getNetwork(Id).remove())));
  if (!options.volumes) return;
  const { Volumes } = await docker.listVolumes({ filters: filters as never });
  await Promise.all((Volumes ?? []).map(({ Name }) => tolerate([404], () => docker.getVolume(Name).remove())));
}

/** Removes all that an installation has made with an engine, data included; images stay, being what others may be made of. */
export const removeInstallation = (docker: DockerEngine, installation: string): Promise<void> =>
  clearAway(docker, `${label.installation}=${installation}`, { volumes: true, graceSeconds: 2 });
