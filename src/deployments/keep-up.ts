import { system } from '../kernel/events.ts';
import { appendEvent } from '../platform/events/log.ts';
import type { DriveDeps } from './drive-rollout.ts';
import { deploymentEvents } from './events.ts';
import { allPlanned, type Scope } from './fleet.ts';
import type { SeenInstance } from './observation.ts';
import type { PlannedInstance } from './rollout-plan.ts';
import { findDeployment, openDeployments } from './store/deployments.ts';
import { type EnvironmentRow, listEnvironments } from './store/environments.ts';
import { listInstances } from './store/instances.ts';
import { findRelease } from './store/releases.ts';

/** What was done for one instance lately. */
interface Memory {
  restarts: number;
  notBefore: number;
  health: 'healthy' | 'unhealthy' | 'exited' | 'starting';
}

/** Keeps what serves running between rollouts: starts again what ended, removes what belongs to nobody, tells of changes. */
export class KeepUp {
  readonly #deps: DriveDeps;
  readonly #memory = new Map<string, Memory>();
  /** Environments that the last round could not look at. */
  readonly #unseen = new Set<string>();

  constructor(deps: DriveDeps) {
    this.#deps = deps;
  }

  /** One round over all environments that serve and have no rollout under way. */
  async round(): Promise<void> {
    for (const environment of await listEnvironments(this.#deps.database)) {
      if (environment.activeDeployment === null) continue;
      const open = await openDeployments(this.#deps.database, environment.id);
      if (open.some((row) => row.startedAt !== null)) continue;
      try {
        await this.#keep(environment);
        this.#unseen.delete(environment.id);
      } catch (error) {
        // Once, not with every round of an outage.
        if (!this.#unseen.has(environment.id))
          this.#deps.log.warn({ err: error, environment: environment.id }, 'an environment could not be looked at');
        this.#unseen.add(environment.id);
      }
    }
  }

  async #keep(environment: EnvironmentRow): Promise<void> {
    const deployment = await findDeployment(this.#deps.database, environment.activeDeployment!);
    const release = deployment && (await findRelease(this.#deps.database, deployment.releaseId));
    const runtime = release && this.#deps.fleet.runtimeOf(release);
    if (!deployment?.state || !release || !runtime) return;
    const project = await this.#deps.commits.get(environment.projectId);
    const side = {
      group: deployment.id,
      release,
      settingsVersion: deployment.settingsVersion,
      plan: deployment.state.green.plan,
    };
    const scope: Scope = { environment, project, runtime, sides: [side] };
    const before = JSON.stringify(await this.#addresses(environment.id));
    const seen = await this.#deps.fleet.observe(scope);
    if (JSON.stringify(await this.#addresses(environment.id)) !== before) await this.#deps.refreshRoutes();
    // A rollout may have begun since; from then on the instances are its business.
    const open = await openDeployments(this.#deps.database, environment.id);
    if (open.some((row) => row.startedAt !== null)) return;
    const wanted = allPlanned(scope);
    for (const planned of wanted) await this.#restart(scope, planned, seen[planned.instanceId], release.version);
    const known = new Set(wanted.map((planned) => planned.instanceId));
    for (const stray of Object.keys(seen)) {
      if (!known.has(stray)) await this.#deps.fleet.stop(scope, stray, 10_000);
    }
  }

  async #addresses(environmentId: string): Promise<unknown> {
    const rows = await listInstances(this.#deps.database, [environmentId]);
    return rows.map((row) => [row.instanceId, row.state, row.health, row.host, row.port]);
  }

  async #restart(
    scope: Scope,
    planned: PlannedInstance,
    seen: SeenInstance | undefined,
    version: string,
  ): Promise<void> {
    const id = planned.instanceId;
    if (planned.completes) return;
    const now = this.#deps.clock.now();
    const memory = this.#memory.get(id) ?? { restarts: 0, notBefore: 0, health: 'starting' };
    if (seen?.state === 'running' || seen?.state === 'starting') {
      await this.#tell(scope, planned, memory.health, seen, version);
      const calm = seen.health === 'healthy' && now > memory.notBefore + 60_000;
      this.#memory.set(id, { ...memory, restarts: calm ? 0 : memory.restarts, health: this.#nextHealth(memory, seen) });
      return;
    }
    if (seen?.state === 'exited' && memory.health !== 'exited') {
      await this.#append(scope, planned, 'instance.exited', version, {
        exitCode: seen.exitCode ?? null,
        detail: seen.detail,
      });
    }
    if (now < memory.notBefore) {
      this.#memory.set(id, { ...memory, health: seen ? 'exited' : memory.health });
      return;
    }
    const restarts = memory.restarts + 1;
    this.#memory.set(id, {
      restarts,
      notBefore: now + Math.min(60_000, 500 * 2 ** restarts),
      health: seen ? 'exited' : memory.health,
    });
    await this.#deps.fleet.start(scope, planned);
  }

  /** `starting` after a fall is no news: only a return to health is. */
  #nextHealth(memory: Memory, seen: SeenInstance): Memory['health'] {
    if (seen.health === 'starting' && (memory.health === 'exited' || memory.health === 'unhealthy'))
      return memory.health;
    return seen.health;
  }

  async #tell(
    scope: Scope,
    planned: PlannedInstance,
    before: Memory['health'],
    seen: SeenInstance,
    version: string,
  ): Promise<void> {
    if (seen.health === 'unhealthy' && before !== 'unhealthy') {
      await this.#append(scope, planned, 'instance.unhealthy', version, { detail: seen.detail });
    } else if (seen.health === 'healthy' && (before === 'unhealthy' || before === 'exited')) {
      await this.#append(scope, planned, 'instance.recovered', version, {});
    }
  }

  async #append(
    scope: Scope,
    planned: PlannedInstance,
    name: 'instance.exited' | 'instance.unhealthy' | 'instance.recovered',
    version: string,
    more: object,
  ): Promise<void> {
    const data = {
      instanceId: planned.instanceId,
      environmentId: scope.environment.id,
      environment: scope.environment.name,
      service: planned.service,
      version: planned.group === 'backing' ? null : version,
      ...more,
    };
    await this.#deps.database.transaction((tx) =>
      appendEvent(tx, deploymentEvents, name, {
        subject: `environment:${scope.environment.id}`,
        projectId: scope.project.id,
        actor: system('deployments'),
        data: data as never,
      }),
    );
  }
}
