import { parse } from 'yaml';
import { z } from 'zod';
import { parseDuration } from '../../kernel/durations.ts';
import { limits } from './limits.ts';
import type { ScrapeTarget } from './scrape.ts';

/** Prometheus writes durations without a space, and of several parts: `1m30s`. */
const duration = z.string().transform((text, context) => {
  try {
    const parts = text.match(/\d+(?:\.\d+)?(?:ms|[smhdwy])/g) ?? [];
    if (parts.length === 0 || parts.join('') !== text) throw new Error('no duration');
    const ms = parts.reduce((sum, part) => sum + parseDuration(part), 0);
    if (ms < limits.leastIntervalMs) throw new Error('too short');
    return ms;
  } catch {
    context.addIssue({
      code: 'custom',
      message: `must be a duration such as 15s, at least ${limits.leastIntervalMs} ms`,
    });
    return z.NEVER;
  }
});

const job = z.strictObject({
  job_name: z.string().min(1),
  scrape_interval: duration.optional(),
  scrape_timeout: duration.optional(),
  metrics_path: z.string().startsWith('/').default('/metrics'),
  scheme: z.enum(['http', 'https']).default('http'),
  params: z.record(z.string(), z.array(z.string())).default({}),
  honor_labels: z.boolean().default(false),
  sample_limit: z.number().int().min(0).default(0),
  basic_auth: z.strictObject({ username: z.string(), password: z.string() }).optional(),
  authorization: z.strictObject({ type: z.string().default('Bearer'), credentials: z.string() }).optional(),
  static_configs: z
    .array(
      z.strictObject({
        targets: z.array(z.string().regex(/^[^/@\s]+$/, 'must be a host and a port')),
        labels: z.record(z.string(), z.string()).default({}),
      }),
    )
    .default([]),
});

const file = z.object({
  global: z
    .object({
      scrape_interval: duration.optional(),
      scrape_timeout: duration.optional(),
      external_labels: z.record(z.string(), z.string()).optional(),
    })
    .optional(),
  scrape_configs: z.array(z.unknown()).default([]),
});

export type FileTarget = Omit<ScrapeTarget, 'projectId'>;

/**
 * Reads `scrape_configs` as a `prometheus.yml` holds them. A job with anything that is not carried out here is left out, since its samples would
 * not be what its writer meant; `problems` say which and why. Pure.
 */
export function readScrapeFile(text: string): { targets: FileTarget[]; problems: string[] } {
  const problems: string[] = [];
  let read: z.output<typeof file>;
  try {
    read = file.parse(parse(text, { maxAliasCount: 50 }) ?? {});
  } catch (error) {
    return { targets: [], problems: [error instanceof z.ZodError ? wordsOf(error) : (error as Error).message] };
  }
  const targets: FileTarget[] = [];
  for (const [index, each] of read.scrape_configs.entries()) {
    const known = job.safeParse(each);
    if (known.success) targets.push(...targetsOf(known.data, read.global));
    else problems.push(`scrape_configs[${index}]: ${wordsOf(known.error)}`);
  }
  return { targets, problems };
}

const wordsOf = (error: z.ZodError): string =>
  error.issues.map(({ path, message }) => `${path.length > 0 ? `${path.join('.')}: ` : ''}${message}`).join('; ');

function targetsOf(of: z.output<typeof job>, global: z.output<typeof file>['global']): FileTarget[] {
  const intervalMs = of.scrape_interval ?? global?.scrape_interval ?? limits.intervalMs;
  const timeoutMs = Math.min(intervalMs, of.scrape_timeout ?? global?.scrape_timeout ?? limits.timeoutMs);
  const headers: Record<string, string> = {};
  if (of.basic_auth) {
    const pair = `${of.basic_auth.username}:${of.basic_auth.password}`;
    headers.authorization = `Basic ${Buffer.from(pair).toString('base64')}`;
  }
  if (of.authorization) headers.authorization = `${of.authorization.type} ${of.authorization.credentials}`;
  return of.static_configs.flatMap(({ targets, labels }) =>
    targets.map((instance) => {
      const url = new URL(`${of.scheme}://${instance}`);
      url.pathname = of.metrics_path;
      for (const [name, values] of Object.entries(of.params))
        for (const value of values) url.searchParams.append(name, value);
      return {
        url: url.href,
        labels: { ...global?.external_labels, job: of.job_name, instance, ...labels },
        honorLabels: of.honor_labels,
        intervalMs,
        timeoutMs,
        sampleLimit: of.sample_limit,
        headers,
      };
    }),
  );
}
