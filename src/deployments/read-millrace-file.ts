import { type Document, LineCounter, parseDocument } from 'yaml';
import type { Diagnostic } from '../kernel/diagnostics.ts';
import { parseDuration } from '../kernel/durations.ts';
import {
  defaultRollout,
  type EnvironmentPlan,
  type MillraceFile,
  millraceFileLimits,
  millraceFileSchema,
  millraceJsonSchema,
  type RolloutPolicy,
  type Written,
} from './millrace-file.ts';
import { crossCheck, describeIssue, position } from './millrace-file-checks.ts';

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
    for (const issue of parsed.error.issues)
      problems.push(...describeIssue(issue, millraceJsonSchema(), { document, lines, file }));
    return { file: fill({}, context.defaultBranch), problems };
  }
  const filled = fill(parsed.data, context.defaultBranch);
  problems.push(...crossCheck(filled, parsed.data, { document, lines, file }));
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

function policyOf(base: RolloutPolicy, written: Written['rollout']): RolloutPolicy {
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
        // Nothing feeds itself: `staging: { from: staging }` means the branch.
        from: { kind: names.has(from) && from !== key ? 'environment' : 'branch', name: from },
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
