import { createHash } from 'node:crypto';
import { backingGroup, type ServiceSpec } from './port.ts';

/** One instance a rollout wants, by an id that follows from what it is: planning again names the same instances. */
export interface PlannedInstance {
  instanceId: string;
  service: string;
  group: string;
  ordinal: number;
  /** Done when it ends with 0 (a migration), rather than when it is healthy. */
  completes: boolean;
  stopGraceMs: number;
  /** What must hold before it starts. Only services of this plan, or backing services. */
  needs: { service: string; condition: 'started' | 'healthy' | 'completed' }[];
}

export interface RolloutPlan {
  /** One set per environment, kept across releases. */
  backing: PlannedInstance[];
  /** Made anew by each rollout. */
  application: PlannedInstance[];
}

const conditions = {
  service_started: 'started',
  service_healthy: 'healthy',
  service_completed_successfully: 'completed',
} as const;

/** Instances of a release in one environment. `group` is the id of the deployment that makes them. */
export function planRollout(input: {
  environmentId: string;
  group: string;
  services: readonly ServiceSpec[];
  replicas: Record<string, number>;
  /** Fingerprint of what a backing service is given besides its own description (image digest, variables). */
  backingSalt: (service: ServiceSpec) => string;
}): RolloutPlan {
  const awaited = new Set(
    input.services.flatMap((service) =>
      service.dependsOn
        .filter((need) => need.condition === 'service_completed_successfully')
        .map((need) => need.service),
    ),
  );
  const known = new Set(input.services.map((service) => service.name));
  const instance = (service: ServiceSpec, instanceId: string, group: string, ordinal: number): PlannedInstance => ({
    instanceId,
    service: service.name,
    group,
    ordinal,
    completes: awaited.has(service.name),
    stopGraceMs: service.stopGraceMs,
    needs: service.dependsOn
      .filter((need) => known.has(need.service))
      .map((need) => ({ service: need.service, condition: conditions[need.condition] })),
  });
  const plan: RolloutPlan = { backing: [], application: [] };
  for (const service of input.services) {
    if (service.kind === 'backing') {
      const hash = fingerprint(service, input.backingSalt(service));
      plan.backing.push(instance(service, `${input.environmentId}-${service.name}-${hash}`, backingGroup, 1));
      continue;
    }
    const replicas = awaited.has(service.name) ? 1 : (input.replicas[service.name] ?? service.replicas);
    for (let ordinal = 1; ordinal <= replicas; ordinal += 1) {
      plan.application.push(instance(service, `${input.group}-${service.name}-${ordinal}`, input.group, ordinal));
    }
  }
  return plan;
}

/** Eight hexadecimal digits that change when what a backing service is changes. */
function fingerprint(service: ServiceSpec, salt: string): string {
  const { dependsOn: _order, replicas: _count, ...description } = service;
  return createHash('sha256')
    .update(JSON.stringify([description, salt]))
    .digest('hex')
    .slice(0, 8);
}
