import type { Client } from '../client/index.ts';
import { Fault } from '../kernel/faults.ts';

export type Environment = Awaited<ReturnType<Client['deployments']['listEnvironments']>>['items'][number];
export type Deployment = Awaited<ReturnType<Client['deployments']['getDeployment']>>;
export type EnvironmentDiff = Awaited<ReturnType<Client['deployments']['diffEnvironment']>>;

/** An environment of a project by its name. */
export async function findEnvironment(client: Client, project: string, name: string): Promise<Environment> {
  const { items } = await client.deployments.listEnvironments({ query: { project } });
  const found = items.find((environment) => environment.name === name);
  if (found) return found;
  throw new Fault('missing', `${project} has no environment "${name}"`, {
    code: 'cli.environment',
    hint:
      items.length > 0
        ? `It has: ${items.map((one) => one.name).join(', ')}.`
        : 'Environments come with the first release.',
  });
}

/** A release by its id, its version (`r12-abc1234`), its number (`12`, `r12`) or the beginning of its commit. */
export async function findRelease(client: Client, project: string, wanted: string): Promise<string> {
  let cursor: string | undefined;
  for (let page = 0; page < 20; page += 1) {
    const { items, next } = await client.deployments.listReleases({
      params: { project },
      query: { limit: 100, ...(cursor ? { cursor } : {}) },
    });
    const found = items.find(
      (release) =>
        release.id === wanted ||
        release.version === wanted ||
        `r${release.number}` === wanted ||
        String(release.number) === wanted ||
        (wanted.length >= 7 && release.sha.startsWith(wanted)),
    );
    if (found) return found.id;
    if (!next) break;
    cursor = next;
  }
  throw new Fault('missing', `${project} has no release "${wanted}"`, { code: 'cli.release' });
}

const ended = ['succeeded', 'failed', 'canceled', 'superseded', 'rolled_back'];

/** Whether nothing more will happen to a deployment by itself. */
export const hasEnded = (deployment: Pick<Deployment, 'status'>): boolean => ended.includes(deployment.status);
