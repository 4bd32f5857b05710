import { z } from 'zod';
import { parseDuration } from '../kernel/durations.ts';

/** Most bytes and aliases of a `millrace.yaml`; a larger file is refused unread. */
export const millraceFileLimits = { bytes: 256 * 1024, aliases: 50, environments: 30, gates: 30, routes: 50 };

const duration = z
  .string()
  .refine(
    (text) => {
      try {
        parseDuration(text);
        return true;
      } catch {
        return false;
      }
    },
    { error: 'must be a duration: a number and a unit, for example "5 minutes" or "90s"' },
  )
  .meta({ examples: ['5 minutes', '90s', '1.5h'] });

const filePath = z
  .string()
  .min(1)
  .refine((path) => !path.startsWith('/') && !path.split('/').includes('..'), {
    error: 'must be a path inside the repository',
  });

const name = z.string().regex(/^[a-z][a-z0-9-]{0,29}$/, {
  error: 'must begin with a letter and hold only lower-case letters, digits and hyphens, at most 30',
});

const verify = z
  .strictObject({
    for: duration.optional().describe('How long the new release is watched once it serves. Default: 1 minute.'),
    where: z
      .array(z.string().min(1).max(4000))
      .max(millraceFileLimits.gates)
      .optional()
      .describe('NRQL queries that end in a comparison; each must hold for the new release.'),
    noData: z
      .enum(['pass', 'fail'])
      .optional()
      .describe('What a query without data means at the end of the time. Default: pass.'),
    otherwise: z
      .enum(['roll back', 'keep'])
      .optional()
      .describe('What happens when a gate fails. Default: roll back. With "keep" the failure is only recorded.'),
  })
  .describe('How a rollout is verified once the new release serves.');

const rollout = z
  .strictObject({
    strategy: z
      .literal('blue-green')
      .optional()
      .describe('The new release starts beside the old one; the gateway switches once it is healthy.'),
    healthyWithin: duration
      .optional()
      .describe('How long new instances may take to become healthy. Default: 2 minutes.'),
    drain: duration
      .optional()
      .describe('How long requests under way may finish on the old release. Default: 30 seconds.'),
    verify: verify.optional(),
  })
  .describe('How a release reaches an environment.');

const route = z.strictObject({
  host: z
    .string()
    .regex(/^(\*\.)?[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i, { error: 'must be a host name, without scheme or port' })
    .optional()
    .describe('Host name. Default: the host of the environment.'),
  path: z.string().startsWith('/', { error: 'must begin with "/"' }).optional().describe('Path prefix. Default: /'),
  service: z.string().min(1).describe('Name of the service that answers.'),
  stripPath: z.boolean().optional().describe('Whether the prefix is taken off before the service sees it.'),
});

const environment = z.strictObject({
  from: z
    .string()
    .min(1)
    .optional()
    .describe(
      'What feeds it: another environment, else a branch (its own name means the branch). Default: the default branch.',
    ),
  approval: z.boolean().optional().describe('Whether a person must approve each deployment. Default: false.'),
  replicas: z
    .record(z.string(), z.number().int().min(1).max(100))
    .optional()
    .describe('Instances by service; overrides deploy.replicas of the Compose file.'),
  variables: z
    .record(z.string(), z.union([z.string(), z.number(), z.boolean()]))
    .optional()
    .describe('Environment variables for all its services. Not for secrets.'),
  routes: z.array(route).max(millraceFileLimits.routes).optional().describe('Extra routes of the gateway.'),
  rollout: rollout.optional(),
  expires: duration.optional().describe('For preview environments.'),
});

/** The shape of `millrace.yaml` as people write it. Its JSON Schema is published as `docs/millrace.schema.json`. */
export const millraceFileSchema = z
  .strictObject({
    services: z
      .union([filePath, z.array(filePath).min(1)])
      .optional()
      .describe(
        'Compose file or files, later ones override earlier ones. Default: compose.yaml and its usual spellings.',
      ),
    pipeline: z
      .union([filePath, z.array(filePath).min(1)])
      .optional()
      .describe('Pipeline files. Default: .circleci/config.yml or Jenkinsfile, else one derived from the repository.'),
    environments: z
      .record(name, environment.nullable())
      .optional()
      .describe('Where releases go. Default: staging, fed by the default branch, and production, fed by staging.'),
    rollout: rollout.optional(),
    infrastructure: z.record(z.string(), filePath).optional().describe('Terraform root modules by environment.'),
    configuration: filePath.optional().describe('Ansible playbook.'),
    monitoring: filePath.optional().describe('Directory of Nagios object files.'),
    alerts: filePath.optional().describe('Directory of alert conditions.'),
  })
  .describe('Millrace: ties a repository to its environments. Every field is optional.');

export type Written = z.output<typeof millraceFileSchema>;

export interface RolloutPolicy {
  healthyWithinMs: number;
  drainMs: number;
  verifyMs: number;
  /** NRQL written by the team; undefined: the defaults of `defaultGates`. */
  where: string[] | undefined;
  noData: 'pass' | 'fail';
  otherwise: 'roll back' | 'keep';
}

export interface RoutePlan {
  host: string | undefined;
  path: string;
  service: string;
  stripPath: boolean;
}

export interface EnvironmentPlan {
  name: string;
  from: { kind: 'branch' | 'environment'; name: string };
  approval: boolean;
  replicas: Record<string, number>;
  variables: Record<string, string>;
  routes: RoutePlan[];
  rollout: RolloutPolicy;
}

/** `millrace.yaml` with every default filled in. */
export interface MillraceFile {
  services: string[] | undefined;
  pipeline: string[] | undefined;
  environments: EnvironmentPlan[];
  infrastructure: Record<string, string>;
  configuration: string | undefined;
  monitoring: string | undefined;
  alerts: string | undefined;
}

export const defaultRollout: RolloutPolicy = {
  healthyWithinMs: 120_000,
  drainMs: 30_000,
  verifyMs: 60_000,
  where: undefined,
  noData: 'pass',
  otherwise: 'roll back',
};

/** The JSON Schema that editors complete `millrace.yaml` with. */
export function millraceJsonSchema(): Record<string, unknown> {
  const schema = z.toJSONSchema(millraceFileSchema, { io: 'input' }) as Record<string, unknown>;
  return { ...schema, title: 'millrace.yaml', patternProperties: { '^x-': {} } };
}
