import type { DeploymentsDeps } from './deps.ts';
import { checkOf, foldProbe, freshTrack, type HealthTrack, probeDue, settledAfterMs } from './health.ts';
import { instanceEnvironment } from './instance-environment.ts';
import { ServiceLines } from './lines.ts';
import type { SeenInstance } from './observation.ts';
import { backingGroup, type Instance, type Runtime, type ServiceSpec } from './port.ts';
import type { PlannedInstance, RolloutPlan } from './rollout-plan.ts';
import { type EnvironmentRow, readVariables } from './store/environments.ts';
import { listInstances, storeInstances } from './store/instances.ts';
import type { ReleaseRow } from './store/releases.ts';

/** A release as deployed in an environment: whose instances a group holds. */
export interface Side {
  /** Id of the deployment. */
  group: string;
  release: ReleaseRow;
  settingsVersion: number;
  plan: RolloutPlan;
}

export interface Scope {
  environment: EnvironmentRow;
  project: { id: string; slug: string };
  runtime: Runtime;
  /** The serving side first when both exist. */
  sides: Side[];
}

/** Starts, watches and stops instances, and brings their output to telemetry. One per server. */
export class Fleet {
  readonly #deps: DeploymentsDeps;
  readonly #tracks = new Map<string, HealthTrack>();
  readonly #runningSince = new Map<string, number>();
  /** Instances whose output this server follows. */
  readonly #followed = new Set<string>();
  /** Why the last start of an instance failed; it is shown as one that ended. */
  readonly #failures = new Map<string, string>();
  /** The last words of each instance, for saying why it ended. */
  readonly #lastWords = new Map<string, string[]>();
  /** Environments whose runtime could not be asked at the last look. */
  readonly #away = new Set<string>();
  readonly #lines: ServiceLines;

  constructor(deps: DeploymentsDeps) {
    this.#deps = deps;
    this.#lines = new ServiceLines(deps);
  }

  /** The runtime a release was built for; undefined when this server has none of that kind. */
  runtimeOf(release: Pick<ReleaseRow, 'runtime'>): Runtime | undefined {
    return this.#deps.runtimes.find((runtime) => runtime.kind === release.runtime);
  }

  /** Starts an instance. A failure is not thrown but seen at the next look, as an instance that ended. */
  async start(scope: Scope, planned: PlannedInstance): Promise<void> {
    this.#forget(planned.instanceId);
    const begun = this.#deps.clock.now();
    try {
      await this.#start(scope, planned);
      this.#deps.log.debug({ instance: planned.instanceId, ms: this.#deps.clock.now() - begun }, 'started');
      this.#failures.delete(planned.instanceId);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.#failures.set(planned.instanceId, `could not be started: ${message}`);
      this.#deps.log.warn({ err: error, instance: planned.instanceId }, 'an instance could not be started');
    }
  }

  async #start(scope: Scope, planned: PlannedInstance): Promise<void> {
    const side = sideOf(scope, planned);
    const service = side?.release.services.find((each) => each.name === planned.service);
    const output = side?.release.outputs.find((each) => each.service === planned.service);
    if (!side || !service || !output) {
      throw new Error(`Release ${side?.release.version} has no build output of ${planned.service}`);
    }
    const given = await this.#given(scope, side);
    const environment = instanceEnvironment({
      service,
      variables: given.variables,
      secrets: given.secrets,
      project: scope.project.slug,
      environment: scope.environment.name,
      release: side.release.version,
      intake: await this.#deps.intake.forServices({ projectId: scope.project.id, runtime: scope.runtime.kind }),
    });
    const masker = this.#deps.secrets.createMasker(given.secrets.map((secret) => secret.value));
    const backing = planned.group === backingGroup;
    const lineScope = {
      instanceId: planned.instanceId,
      projectId: scope.project.id,
      service: planned.service,
      environment: scope.environment.name,
      release: backing ? null : side.release.version,
      deploymentId: backing ? null : side.group,
      mask: (text: string) => masker.text(text),
    };
    const known = (await listInstances(this.#deps.database, [scope.environment.id])).find(
      (row) => row.instanceId === planned.instanceId,
    );
    this.#followed.add(planned.instanceId);
    this.#lines.begin(planned.instanceId, known);
    await scope.runtime.start({
      instanceId: planned.instanceId,
      projectId: scope.project.id,
      environmentId: scope.environment.id,
      group: planned.group,
      service: planned.completes ? { ...service, restart: 'no' } : service,
      output,
      environment,
      peers: [...side.plan.application, ...side.plan.backing].map((peer) => ({
        service: peer.service,
        instanceId: peer.instanceId,
        ports: (side.release.services.find((each) => each.name === peer.service)?.ports ?? []).map(
          (port) => port.container,
        ),
      })),
      linesAfter: known?.linesAfter ?? undefined,
      onLine: (line, stream, at) => {
        this.#lines.add(lineScope, line, stream, at);
        if (line.trim() !== '') {
          const words = this.#lastWords.get(planned.instanceId) ?? [];
          this.#lastWords.set(planned.instanceId, [...words.slice(-7), masker.text(line).slice(0, 300)]);
        }
      },
    });
  }

  async stop(scope: Scope, instanceId: string, graceMs: number): Promise<void> {
    const begun = this.#deps.clock.now();
    await scope.runtime.stop(instanceId, graceMs);
    this.#lines.end(instanceId);
    this.#deps.log.debug({ instance: instanceId, ms: this.#deps.clock.now() - begun }, 'stopped');
    this.#forget(instanceId);
    this.#followed.delete(instanceId);
    this.#failures.delete(instanceId);
    this.#lastWords.delete(instanceId);
  }

  /**
   * What runs in an environment now, with the health of each; probes that are due are made. The rows the gateway's routes
   * come from are brought up to date. Rejects when the runtime cannot be asked.
   */
  async observe(scope: Scope): Promise<Record<string, SeenInstance>> {
    const instances = await this.#list(scope);
    const seen: Record<string, SeenInstance> = {};
    await Promise.all(
      instances.map(async (instance) => {
        seen[instance.instanceId] = await this.#look(scope, instance);
      }),
    );
    for (const planned of allPlanned(scope)) {
      const detail = seen[planned.instanceId] ? undefined : this.#failures.get(planned.instanceId);
      if (detail !== undefined) seen[planned.instanceId] = { state: 'exited', health: 'starting', detail };
    }
    const rows = instances.map((instance) => ({
      instanceId: instance.instanceId,
      deploymentId: instance.group === backingGroup ? null : instance.group,
      service: instance.service,
      state: instance.state,
      health: seen[instance.instanceId]!.health,
      detail: seen[instance.instanceId]!.detail.slice(0, 1000),
      host: instance.address?.host ?? null,
      port: instance.address?.port ?? null,
    }));
    await storeInstances(this.#deps.database, scope.environment.id, rows);
    await this.#adopt(scope, instances);
    return seen;
  }

  /**
   * What the runtime has. Instances that ended while it could not be asked were taken along by it: they are left out, as those
   * that a machine lost with its restart, and are no fault of their release.
   */
  async #list(scope: Scope): Promise<Instance[]> {
    const environmentId = scope.environment.id;
    let instances: Instance[];
    try {
      instances = await scope.runtime.list(environmentId);
    } catch (error) {
      this.#away.add(environmentId);
      throw error;
    }
    if (!this.#away.delete(environmentId)) return instances;
    const completes = new Set(allPlanned(scope).flatMap((each) => (each.completes ? [each.instanceId] : [])));
    for (const planned of allPlanned(scope)) this.#failures.delete(planned.instanceId);
    return instances.filter((each) => each.state !== 'exited' || completes.has(each.instanceId));
  }

  async #look(scope: Scope, instance: Instance): Promise<SeenInstance> {
    const id = instance.instanceId;
    if (instance.state !== 'running') {
      this.#forget(id);
      const end = instance.detail ?? (instance.state === 'exited' ? `ended with ${instance.exitCode}` : 'starting');
      const words = instance.state === 'exited' && instance.exitCode !== 0 ? this.#lastWords.get(id) : undefined;
      const detail = words ? `${end}; its last words: ${words.join(' / ')}` : end;
      return { state: instance.state, exitCode: instance.exitCode, health: 'starting', detail };
    }
    const now = this.#deps.clock.now();
    const since = this.#runningSince.get(id) ?? now;
    this.#runningSince.set(id, since);
    const service = serviceOf(scope, instance);
    const check = service && checkOf(service);
    let track = this.#tracks.get(id) ?? freshTrack;
    if (!check) {
      const settled = now - since >= settledAfterMs;
      track = {
        ...freshTrack,
        health: settled ? 'healthy' : 'starting',
        detail: settled ? 'running' : 'has just started',
      };
    } else if (probeDue(track, check, now)) {
      const result = await scope.runtime.probe(instance, check);
      const at = this.#deps.clock.now();
      if (track.health !== 'healthy') this.#deps.log.debug({ instance: id, ms: at - now, ...result }, 'looked at');
      track = foldProbe(track, { ...result, tookMs: at - now }, check, at);
    }
    this.#tracks.set(id, track);
    return { state: 'running', health: track.health, detail: track.detail };
  }

  /** Follows the output of instances that were started before this server was. */
  async #adopt(scope: Scope, instances: readonly Instance[]): Promise<void> {
    for (const instance of instances) {
      if (this.#followed.has(instance.instanceId) || instance.state !== 'running') continue;
      const planned = allPlanned(scope).find((each) => each.instanceId === instance.instanceId);
      if (!planned) continue;
      await this.#start(scope, planned);
    }
  }

  /** Fingerprint of what a backing service of this release would be given. */
  async backingSalts(scope: Scope, side: Side): Promise<Map<string, string>> {
    const given = await this.#given(scope, side);
    const intake = { sentryDsn: '', otlpEndpoint: '', otlpHeaders: '' };
    const salts = new Map<string, string>();
    for (const service of side.release.services) {
      const output = side.release.outputs.find((each) => each.service === service.name);
      const environment = instanceEnvironment({
        service,
        ...given,
        project: '',
        environment: '',
        release: '',
        intake,
      });
      salts.set(service.name, JSON.stringify([output?.digest, environment]));
    }
    return salts;
  }

  async #given(
    scope: Scope,
    side: Side,
  ): Promise<{ variables: Record<string, string>; secrets: { name: string; value: string }[] }> {
    const plan = side.release.file?.environments.find((each) => each.name === scope.environment.name);
    const stored = await readVariables(this.#deps.database, scope.environment.id, side.settingsVersion);
    const secrets = await this.#deps.secrets.forEnvironment({
      projectId: scope.project.id,
      environment: scope.environment.name,
      reader: `deployment:${side.group}`,
    });
    return { variables: { ...plan?.variables, ...stored.variables }, secrets };
  }

  #forget(instanceId: string): void {
    this.#tracks.delete(instanceId);
    this.#runningSince.delete(instanceId);
  }

  close(): Promise<void> {
    return this.#lines.close();
  }
}

export const allPlanned = (scope: Scope): PlannedInstance[] =>
  scope.sides.flatMap((side) => [...side.plan.application, ...side.plan.backing]);

function sideOf(scope: Scope, planned: PlannedInstance): Side | undefined {
  if (planned.group !== backingGroup) return scope.sides.find((side) => side.group === planned.group);
  // The newest side that wants exactly this backing instance.
  return scope.sides.findLast((side) => side.plan.backing.some((each) => each.instanceId === planned.instanceId));
}

function serviceOf(scope: Scope, instance: Instance): ServiceSpec | undefined {
  const planned = allPlanned(scope).find((each) => each.instanceId === instance.instanceId);
  const side = planned && sideOf(scope, planned);
  return side?.release.services.find((each) => each.name === instance.service);
}
