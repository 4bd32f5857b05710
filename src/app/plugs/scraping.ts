import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import picomatch from 'picomatch';
import type { Deployments, ServingInstance } from '../../deployments/index.ts';
import { limits } from '../../integrations/prometheus/limits.ts';
import type { ScrapeTarget } from '../../integrations/prometheus/scrape.ts';
import { type FileTarget, readScrapeFile, readTargetGroups } from '../../integrations/prometheus/scrape-file.ts';
import { scrapeLoop } from '../../integrations/prometheus/scraper.ts';
import { systemClock } from '../../kernel/clock.ts';
import type { Log } from '../../platform/observe/log.ts';
import type { Database } from '../../platform/postgres/database.ts';
import type { Loop } from '../../platform/room.ts';
import type { Projects } from '../../projects/index.ts';
import type { Intake } from '../../telemetry/port.ts';
import type { Settings } from '../settings.ts';

/** Scrapes what the labels of deployed services and the operator's file name; one server of several does. */
export function scrapingOf(deps: {
  settings: Pick<Settings, 'scrapeFile' | 'scrapeProject'>;
  telemetry: Intake;
  deployments: Pick<Deployments, 'servingInstances'>;
  projects: Projects;
  database: Database;
  log: Log;
}): Loop {
  const { settings, projects, log } = deps;
  const lock = deps.database.lock('prometheus.scrape');
  const fileTargets = watchedFile(settings.scrapeFile, log);
  return scrapeLoop({
    telemetry: deps.telemetry,
    clock: systemClock,
    log,
    mayScrape: () => lock.held(),
    async targets() {
      const targets = (await deps.deployments.servingInstances()).flatMap(targetOfService);
      const written = await fileTargets();
      const project = written.length > 0 && (await projects.find(settings.scrapeProject ?? ''));
      return project ? [...targets, ...written.map((target) => ({ ...target, projectId: project.id }))] : targets;
    },
  });
}

/**
 * The page of metrics of a service whose labels ask for it, as annotations do elsewhere: `prometheus.io/scrape: "true"`, and
 * `prometheus.io/path` and `prometheus.io/port` where they are not `/metrics` on its first port. Pure.
 */
export function targetOfService(instance: ServingInstance): ScrapeTarget[] {
  const { labels, host } = instance;
  if (labels['prometheus.io/scrape'] !== 'true') return [];
  const path = labels['prometheus.io/path'] ?? '/metrics';
  const wanted = Number(labels['prometheus.io/port'] ?? instance.containerPort);
  // Another port can be reached only where the container has an address of its own.
  const byOwnAddress = instance.port === instance.containerPort;
  const port = wanted === instance.containerPort ? instance.port : byOwnAddress ? wanted : undefined;
  if (port === undefined || !Number.isInteger(port) || port < 1 || port > 65_535 || !path.startsWith('/')) return [];
  const [pathname = '/', query] = path.split('?', 2);
  const url = new URL(`http://${host.includes(':') ? `[${host}]` : host}:${port}`);
  url.pathname = pathname;
  if (query !== undefined) url.search = query;
  return [
    {
      projectId: instance.projectId,
      url: url.href,
      labels: {
        job: instance.service,
        instance: instance.instanceId,
        service: instance.service,
        environment: instance.environment,
        release: instance.release,
        host: instance.instanceId,
      },
      honorLabels: false,
      intervalMs: limits.intervalMs,
      timeoutMs: limits.timeoutMs,
      sampleLimit: 0,
      headers: {},
    },
  ];
}

/** Targets of a file and of those it names, read again when one of them changed; what is wrong is logged once for each change. */
export function watchedFile(path: string | undefined, log: Log): () => Promise<FileTarget[]> {
  let known = { version: '', targets: [] as FileTarget[] };
  return async () => {
    if (path === undefined) return [];
    try {
      const text = await readFile(path, 'utf8');
      const found = new Map<string, NamedFile[]>();
      for (const pattern of readScrapeFile(text).files) found.set(pattern, await filesOf(dirname(path), pattern));
      const version = JSON.stringify([text, ...found.values()]);
      if (version === known.version) return known.targets;
      const problems: string[] = [];
      const read = readScrapeFile(text, (pattern) =>
        (found.get(pattern) ?? []).flatMap((file) => {
          try {
            return [{ path: file.path, groups: readTargetGroups(file.text) }];
          } catch (error) {
            problems.push(`${file.path}: ${(error as Error).message}`);
            return [];
          }
        }),
      );
      for (const problem of [...read.problems, ...problems])
        log.warn({ path, problem }, 'a scrape configuration is not carried out');
      known = { version, targets: read.targets };
    } catch (error) {
      if (known.version !== 'missing') log.warn({ err: error, path }, 'the file of scrape targets cannot be read');
      known = { version: 'missing', targets: [] };
    }
    return known.targets;
  };
}

interface NamedFile {
  path: string;
  text: string;
}

/** Largest file of targets. */
const mostBytes = 4_000_000;

/** The files a pattern of `file_sd_configs` names, beside the configuration unless it says where; `*` stands in a name alone. */
async function filesOf(base: string, pattern: string): Promise<NamedFile[]> {
  const whole = resolve(base, pattern);
  const folder = dirname(whole);
  const matches = picomatch(basename(whole));
  const names = (await readdir(folder).catch(() => [])).filter((name) => matches(name)).sort();
  const files: NamedFile[] = [];
  for (const name of names) {
    const path = join(folder, name);
    // One that is being replaced is there again the next time.
    const { size } = await stat(path).catch(() => ({ size: Number.POSITIVE_INFINITY }));
    const text = size <= mostBytes ? await readFile(path, 'utf8').catch(() => undefined) : undefined;
    if (text !== undefined) files.push({ path, text });
  }
  return files;
}
