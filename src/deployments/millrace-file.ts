import { type Document, isMap, isNode, isPair, LineCounter, parseDocument } from 'yaml';
import { z } from 'zod';
import type { Diagnostic } from '../kernel/diagnostics.ts';
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
    .describe('What feeds it: a branch, or another environment. Default: the default branch.'),
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

type Written = z.output<typeof millraceFileSchema>;

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

/**
 * Reads `millrace.yaml`. Never throws for what a person wrote: every problem comes back at once, with its position, and
 * whatever could be read is used (with errors present nothing should be deployed from it).
 * `text` undefined: there is no file, and the defaults hold.
 */
export function readMillraceFile(
  text: string | undefined,
  context: { defaultBranch: string; file?: string },
): { file: MillraceFile; problems: Diagnostic[] } {
  const file = context.file ?? 'millrace.yaml';
  if (text === undefined) return { file: fill({}, context.defaultBranch), problems: [] };
  if (Buffer.byteLength(text) > millraceFileLimits.bytes) {
    const message = `The file is larger than ${millraceFileLimits.bytes} bytes`;
    return { file: fill({}, context.defaultBranch), problems: [{ severity: 'error', file, message }] };
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, merge: true, prettyErrors: false });
  const problems: Diagnostic[] = [...document.errors, ...document.warnings].map((error) => ({
    severity: error.name === 'YAMLWarning' ? 'warning' : 'error',
    file,
    ...position(lines, error.pos[0]),
    message: error.message,
  }));
  if (document.errors.length > 0) return { file: fill({}, context.defaultBranch), problems };
  const value: unknown = toPlain(document, file, problems) ?? {};
  const parsed = millraceFileSchema.safeParse(withoutExtensions(value));
  if (!parsed.success) {
    for (const issue of parsed.error.issues) problems.push(...describe(issue, document, lines, file));
    return { file: fill({}, context.defaultBranch), problems };
  }
  const filled = fill(parsed.data, context.defaultBranch);
  problems.push(...crossCheck(filled, parsed.data, document, lines, file));
  return { file: filled, problems };
}

function toPlain(document: Document, file: string, problems: Diagnostic[]): unknown {
  try {
    return document.toJS({ maxAliasCount: millraceFileLimits.aliases });
  } catch (error) {
    problems.push({ severity: 'error', file, message: error instanceof Error ? error.message : String(error) });
    return {};
  }
}

/** Keys that begin with `x-` are the team's own, as in Compose. */
function withoutExtensions(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).filter(([key]) => !key.startsWith('x-')));
}

const position = (lines: LineCounter, offset: number): { line: number; column: number } => {
  const { line, col } = lines.linePos(offset);
  return { line, column: col };
};

/** Where a path of the document stands: the key of its last part, else the nearest node above it. */
function locate(document: Document, lines: LineCounter, path: PropertyKey[]): { line?: number; column?: number } {
  for (let length = path.length; length >= 0; length -= 1) {
    const parent = length === 0 ? document.contents : document.getIn(path.slice(0, length - 1), true);
    if (length > 0 && isMap(parent)) {
      const last = path[length - 1];
      const pair = parent.items.find((item) => isPair(item) && isNode(item.key) && String(item.key) === String(last));
      if (pair && isNode(pair.key) && pair.key.range) return position(lines, pair.key.range[0]);
    }
    const node = length === 0 ? document.contents : document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range) return position(lines, node.range[0]);
  }
  return {};
}

function describe(issue: z.core.$ZodIssue, document: Document, lines: LineCounter, file: string): Diagnostic[] {
  const where = issue.path.map(String).join('.');
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      severity: 'error',
      file,
      ...locate(document, lines, [...issue.path, key]),
      message: `"${key}" is not a field of ${where === '' ? 'millrace.yaml' : where}`,
      hint: 'Fields of your own begin with "x-"; the known ones are in docs/millrace.schema.json.',
    }));
  }
  const message = issue.code === 'invalid_key' ? (issue.issues[0]?.message ?? issue.message) : issue.message;
  return [
    {
      severity: 'error',
      file,
      ...locate(document, lines, issue.path),
      message: `${where === '' ? 'The file' : where}: ${message}`,
    },
  ];
}

function crossCheck(
  filled: MillraceFile,
  written: Written,
  document: Document,
  lines: LineCounter,
  file: string,
): Diagnostic[] {
  const problems: Diagnostic[] = [];
  const at = (path: PropertyKey[]) => ({ file, ...locate(document, lines, path) });
  const count = Object.keys(written.environments ?? {}).length;
  if (count > millraceFileLimits.environments) {
    const message = `There are ${count} environments; at most ${millraceFileLimits.environments} are possible`;
    problems.push({ severity: 'error', ...at(['environments']), message });
  }
  for (const [key, environment] of Object.entries(written.environments ?? {})) {
    if (environment?.from === 'pull-requests' || environment?.expires !== undefined) {
      const message = `Environment "${key}" is not made: preview environments are not supported by this version`;
      problems.push({ severity: 'warning', ...at(['environments', key]), message });
    }
  }
  const feeders = new Map(
    filled.environments.flatMap((each) => (each.from.kind === 'environment' ? [[each.name, each.from.name]] : [])),
  );
  for (const start of feeders.keys()) {
    const seen = new Set<string>();
    let next: string | undefined = start;
    while (next !== undefined && !seen.has(next)) {
      seen.add(next);
      next = feeders.get(next);
    }
    if (next === start) {
      problems.push({
        severity: 'error',
        ...at(['environments', start, 'from']),
        message: `Environment "${start}" is fed by itself: ${[...seen, start].join(' from ')}`,
        hint: 'Let one of them be fed by a branch.',
      });
    }
  }
  return problems;
}

function policyOf(base: RolloutPolicy, written: z.output<typeof rollout> | undefined): RolloutPolicy {
  const ms = (text: string | undefined, otherwise: number) => (text === undefined ? otherwise : parseDuration(text));
  return {
    healthyWithinMs: ms(written?.healthyWithin, base.healthyWithinMs),
    drainMs: ms(written?.drain, base.drainMs),
    verifyMs: ms(written?.verify?.for, base.verifyMs),
    where: written?.verify?.where ?? base.where,
    noData: written?.verify?.noData ?? base.noData,
    otherwise: written?.verify?.otherwise ?? base.otherwise,
  };
}

const listOf = (value: string | string[] | undefined): string[] | undefined =>
  typeof value === 'string' ? [value] : value;

function fill(written: Written, defaultBranch: string): MillraceFile {
  const base = policyOf(defaultRollout, written.rollout);
  const given = written.environments ?? { staging: { from: defaultBranch }, production: { from: 'staging' } };
  const names = new Set(Object.keys(given));
  const environments = Object.entries(given).flatMap(([key, environment]): EnvironmentPlan[] => {
    if (environment?.from === 'pull-requests' || environment?.expires !== undefined) return [];
    const from = environment?.from ?? defaultBranch;
    return [
      {
        name: key,
        from: { kind: names.has(from) ? 'environment' : 'branch', name: from },
        approval: environment?.approval ?? false,
        replicas: environment?.replicas ?? {},
        variables: Object.fromEntries(
          Object.entries(environment?.variables ?? {}).map(([variable, value]) => [variable, String(value)]),
        ),
        routes: (environment?.routes ?? []).map((each) => ({
          host: each.host?.toLowerCase(),
          path: each.path ?? '/',
          service: each.service,
          stripPath: each.stripPath ?? false,
        })),
        rollout: policyOf(base, environment?.rollout),
      },
    ];
  });
  return {
    services: listOf(written.services),
    pipeline: listOf(written.pipeline),
    environments,
    infrastructure: written.infrastructure ?? {},
    configuration: written.configuration,
    monitoring: written.monitoring,
    alerts: written.alerts,
  };
}

/** The JSON Schema that editors complete `millrace.yaml` with. */
export function millraceJsonSchema(): Record<string, unknown> {
  const schema = z.toJSONSchema(millraceFileSchema, { io: 'input' }) as Record<string, unknown>;
  return { ...schema, title: 'millrace.yaml', patternProperties: { '^x-': {} } };
}
