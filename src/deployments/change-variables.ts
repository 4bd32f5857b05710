import type { Actor } from '../kernel/events.ts';
import { Fault } from '../kernel/faults.ts';
import { appendEvent } from '../platform/events/log.ts';
import type { DeploymentsDeps } from './deps.ts';
import { diffVariables } from './diff.ts';
import { deploymentEvents } from './events.ts';
import { insertVariables, lockEnvironment, readVariables, type VariablesRow } from './store/environments.ts';

/** All variables of an environment together, in characters. */
const mostCharacters = 512 * 1024;

/**
 * Replaces the variables of an environment; instances get them with the next deployment. `ifMatch`: the version the editor
 * saw; another one is refused as `stale`. Nothing changes when the values are the same.
 */
export function changeVariables(
  deps: Pick<DeploymentsDeps, 'database'>,
  request: { environmentId: string; variables: Record<string, string>; ifMatch: string | undefined; actor: Actor },
): Promise<VariablesRow> {
  const size = Object.entries(request.variables).reduce((sum, [name, value]) => sum + name.length + value.length, 0);
  if (size > mostCharacters) {
    throw new Fault('too-large', 'These variables are too large together', { code: 'deployments.variables-too-large' });
  }
  return deps.database.transaction(async (tx) => {
    const environment = await lockEnvironment(tx, request.environmentId);
    if (!environment) throw new Fault('missing', 'There is no such environment', { code: 'deployments.not-found' });
    const before = await readVariables(tx, environment.id);
    if (request.ifMatch !== undefined && request.ifMatch !== String(before.version)) {
      throw new Fault('stale', 'Somebody changed the variables meanwhile', {
        code: 'deployments.variables-stale',
        hint: `Read version ${before.version} and apply the change again.`,
      });
    }
    const changes = diffVariables(before.variables, request.variables);
    if (changes.length === 0) return before;
    const version = before.version + 1;
    await insertVariables(tx, { ...request, environmentId: environment.id, version });
    const named = (change: string): string[] =>
      changes.filter((each) => each.change === change).map((each) => each.name);
    await appendEvent(tx, deploymentEvents, 'variables.changed', {
      subject: `environment:${environment.id}`,
      projectId: environment.projectId,
      actor: request.actor,
      data: {
        environmentId: environment.id,
        environment: environment.name,
        version,
        added: named('added'),
        changed: named('changed'),
        removed: named('removed'),
      },
    });
    return readVariables(tx, environment.id);
  });
}
