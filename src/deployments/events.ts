import { z } from 'zod';
import { defineEvents } from '../platform/events/catalogue.ts';

const release = z.object({
  releaseId: z.string(),
  version: z.string(),
  number: z.number(),
  sha: z.string(),
  runId: z.string().nullable(),
});

const deployment = z.object({
  deploymentId: z.string(),
  environmentId: z.string(),
  environment: z.string(),
  releaseId: z.string(),
  version: z.string(),
  sha: z.string(),
  /** Of the release that served before; null at the first deployment. */
  previousVersion: z.string().nullable(),
});

/** Subjects: `release:<id>`, `deployment:<id>`, `environment:<id>`. */
export const deploymentEvents = defineEvents('deployments', {
  'release.requested': release,
  'release.cut': release.extend({
    branch: z.string().nullable(),
    services: z.array(z.string()),
    durationMs: z.number(),
  }),
  'release.failed': release.extend({ reason: z.string(), problems: z.array(z.string()) }),
  /** The commit holds nothing that could run; `reason` says what was looked for. */
  'release.skipped': release.extend({ reason: z.string() }),
  /** Its images or directories were removed: more than `kept` newer releases are there. It can be built again. */
  'release.build_removed': release.extend({ services: z.array(z.string()), kept: z.number() }),
  'release.rebuild_requested': release,
  /** The same release is there again, built from the same commit. */
  'release.rebuilt': release.extend({ services: z.array(z.string()) }),
  'release.rebuild_failed': release.extend({ reason: z.string() }),
  /** It does not go to this environment: a release of a later commit serves or waits there already. */
  'release.overtaken': release.extend({ environmentId: z.string(), environment: z.string(), byVersion: z.string() }),
  'deployment.requested': deployment.extend({
    kind: z.enum(['deploy', 'promote', 'redeploy', 'rollback']),
    onHold: z.boolean(),
    reason: z.string().nullable(),
  }),
  'deployment.approved': deployment,
  'deployment.superseded': deployment.extend({ byVersion: z.string() }),
  'deployment.started': deployment,
  /** The gateway sends new requests to the new release from here on. */
  'deployment.switched': deployment,
  'deployment.verified': deployment.extend({ gates: z.number() }),
  /** The release is now the environment's last known good. */
  'deployment.succeeded': deployment.extend({ durationMs: z.number() }),
  /** It never served: what served before still does. */
  'deployment.failed': deployment.extend({ reason: z.string(), evidence: z.array(z.string()) }),
  'deployment.canceled': deployment.extend({ reason: z.string() }),
  /**
   * It served and was taken back: `restoredVersion` serves again, at the gateway, from this moment on. Of a release that had been found
   * good before, `previousVersion` is what was returned to as well.
   */
  'deployment.rolled_back': deployment.extend({
    reason: z.string(),
    evidence: z.array(z.string()),
    restoredVersion: z.string().nullable(),
    /** From its first request to the last known good serving again; absent in facts of older versions. */
    servedMs: z.number().nullish(),
    /** From the decision to the last known good serving again. */
    durationMs: z.number(),
  }),
  'environment.changed': z.object({ environmentId: z.string(), environment: z.string(), changes: z.array(z.string()) }),
  'variables.changed': z.object({
    environmentId: z.string(),
    environment: z.string(),
    version: z.number(),
    /** Names only: values stay out of the log. */
    added: z.array(z.string()),
    changed: z.array(z.string()),
    removed: z.array(z.string()),
  }),
  'instance.exited': z.object({
    instanceId: z.string(),
    environmentId: z.string(),
    environment: z.string(),
    service: z.string(),
    version: z.string().nullable(),
    exitCode: z.number().nullable(),
    detail: z.string(),
  }),
  'instance.unhealthy': z.object({
    instanceId: z.string(),
    environmentId: z.string(),
    environment: z.string(),
    service: z.string(),
    version: z.string().nullable(),
    detail: z.string(),
  }),
  'instance.recovered': z.object({
    instanceId: z.string(),
    environmentId: z.string(),
    environment: z.string(),
    service: z.string(),
    version: z.string().nullable(),
  }),
});
