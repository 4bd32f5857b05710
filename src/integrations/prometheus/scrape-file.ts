import { parse } from 'yaml';
import { z } from 'zod';
import { parseDuration } from '../../kernel/durations.ts';
import { limits } from './limits.ts';
import { relabelBy, relabelConfig } from './relabel.ts';
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

const group = z.strictObject({
  targets: z.array(z.string().regex(/^[^/@\s]+$/, 'must be a host and a port')),
  labels: z.record(z.string(), z.string()).default({}),
});
export type TargetGroup = z.output<typeof group>;

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
  static_configs: z.array(group).default([]),
  file_sd_configs: z
    .array(
      z.strictObject({
        files: z.array(
          z
            .string()
            .regex(/^[^*]*(\*[^/]*)?\.(json|yml|yaml)$/, 'must end in .json, .yml or .yaml; * in the name alone'),
        ),
        // Files are looked at whenever targets are.
        refresh_interval: duration.optional(),
      }),
    )
    .default([]),
  relabel_configs: z.array(relabelConfig).default([]),
  metric_relabel_configs: z.array(relabelConfig).default([]),
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

/** What stands in a file that `file_sd_configs` name, JSON or YAML. Throws what is wrong with it. */
export function readTargetGroups(text: string): TargetGroup[] {
  const read = z.array(group).safeParse(parse(text, { maxAliasCount: 50 }) ?? []);
  if (!read.success) throw new Error(wordsOf(read.error));
  return read.data;
}

/**
 * Reads `scrape_configs` as a `prometheus.yml` holds them. A job with anything that is not carried out here is left out, since its samples would
 * not be what its writer meant; `problems` say which and why. `groupsOf` gives what the files hold that a pattern of `file_sd_configs` names;
 * `files` are those patterns. Pure but for that.
 */
export function readScrapeFile(
  text: string,
  groupsOf: (pattern: string) => { path: string; groups: TargetGroup[] }[] = () => [],
): { targets: FileTarget[]; problems: string[]; files: string[] } {
  const problems: string[] = [];
  let read: z.output<typeof file>;
  try {
    read = file.parse(parse(text, { maxAliasCount: 50 }) ?? {});
  } catch (error) {
    return {
      targets: [],
      files: [],
      problems: [error instanceof z.ZodError ? wordsOf(error) : (error as Error).message],
    };
  }
  const targets: FileTarget[] = [];
  const files: string[] = [];
  for (const [index, each] of read.scrape_configs.entries()) {
    const known = job.safeParse(each);
    if (!known.success) {
      problems.push(`scrape_configs[${index}]: ${wordsOf(known.error)}`);
      continue;
    }
    const patterns = known.data.file_sd_configs.flatMap((config) => config.files);
    files.push(...patterns);
    const found = patterns
      .flatMap(groupsOf)
      .flatMap(({ path, groups }) =>
        groups.map((one) => ({ ...one, labels: { __meta_filepath: path, ...one.labels } })),
      );
    targets.push(...targetsOf(known.data, [...known.data.static_configs, ...found], read.global));
  }
  return { targets, problems, files };
}

const wordsOf = (error: z.ZodError): string =>
  error.issues.map(({ path, message }) => `${path.length > 0 ? `${path.join('.')}: ` : ''}${message}`).join('; ');

function targetsOf(
  of: z.output<typeof job>,
  groups: TargetGroup[],
  global: z.output<typeof file>['global'],
): FileTarget[] {
  const headers: Record<string, string> = {};
  if (of.basic_auth) {
    const pair = `${of.basic_auth.username}:${of.basic_auth.password}`;
    headers.authorization = `Basic ${Buffer.from(pair).toString('base64')}`;
  }
  if (of.authorization) headers.authorization = `${of.authorization.type} ${of.authorization.credentials}`;
  const intervalMs = of.scrape_interval ?? global?.scrape_interval ?? limits.intervalMs;
  const timeoutMs = Math.min(intervalMs, of.scrape_timeout ?? global?.scrape_timeout ?? limits.timeoutMs);
  const relabel = relabelBy(of.relabel_configs);
  const relabelSample = of.metric_relabel_configs.length > 0 ? relabelBy(of.metric_relabel_configs) : undefined;
  return groups.flatMap(({ targets, labels }) =>
    targets.flatMap((address): FileTarget[] => {
      // What rules see and may change: upstream's names for them.
      const before = new Map([
        ['job', of.job_name],
        ...Object.entries(labels),
        ['__address__', address],
        ['__scheme__', labels.__scheme__ ?? of.scheme],
        ['__metrics_path__', labels.__metrics_path__ ?? of.metrics_path],
        ...Object.entries(of.params).flatMap(([key, [first]]): [string, string][] =>
          first === undefined ? [] : [[`__param_${key}`, first]],
        ),
      ]);
      const after = relabel(before);
      const url = after && urlOf(after, of.params);
      if (!url) return [];
      const shown = [...after].filter(([label]) => !label.startsWith('__'));
      const instance = after.get('__address__')!;
      return [
        {
          url,
          labels: { ...global?.external_labels, instance, ...Object.fromEntries(shown) },
          honorLabels: of.honor_labels,
          intervalMs,
          timeoutMs,
          sampleLimit: of.sample_limit,
          headers,
          ...(relabelSample ? { relabel: relabelSample } : {}),
        },
      ];
    }),
  );
}

/** Where a target is read; undefined when rules left nothing that can be. */
function urlOf(labels: ReadonlyMap<string, string>, params: Record<string, string[]>): string | undefined {
  const address = labels.get('__address__') ?? '';
  const scheme = labels.get('__scheme__') ?? 'http';
  if (!/^[^/@\s]+$/.test(address) || !/^https?$/.test(scheme)) return undefined;
  if (!URL.canParse(`${scheme}://${address}`)) return undefined;
  const url = new URL(`${scheme}://${address}`);
  url.pathname = labels.get('__metrics_path__') ?? '/metrics';
  for (const [key, values] of Object.entries(params)) {
    for (const value of values.slice(1)) url.searchParams.append(key, value);
  }
  for (const [label, value] of labels) {
    if (label.startsWith('__param_')) url.searchParams.append(label.slice('__param_'.length), value);
  }
  return url.href;
}
