import type { Healthcheck, ServiceSpec } from '../../deployments/port.ts';
import type { Diagnostic } from '../../kernel/diagnostics.ts';
import { isPlain, type Plain, Templated } from './document.ts';
import { composeLimits } from './limits.ts';
import { reportUnhonoured } from './unhonoured.ts';
import { bytesOf, durationOf, integerOf, textOf, words } from './values.ts';

/** Reports a problem at a path of the project, in the file the value came from where that is known. */
export type Report = (
  path: (string | number)[],
  message: string,
  hint?: string,
  severity?: Diagnostic['severity'],
) => void;

/**
 * One service of a merged project, in canonical form, as the deployments room wants it. What cannot be honoured is reported,
 * never dropped in silence. `directory`: where the Compose file lies; `exposed`: ports its Dockerfile names.
 */
export function serviceSpec(
  name: string,
  service: Plain,
  context: {
    directory: string;
    volumes: ReadonlySet<string>;
    exposed: (dockerfile: string) => number[];
    report: Report;
  },
): ServiceSpec | undefined {
  const at = ['services', name];
  const report: Report = (path, ...rest) => context.report([...at, ...path], ...rest);
  const build = buildOf(service, context.directory, report);
  const image = textOf(service.image);
  if (!build && image === undefined) {
    context.report(
      at,
      `Service "${name}" has neither image nor build`,
      'Say what it is made of: an image, or a build context.',
    );
    return undefined;
  }
  reportUnhonoured(name, service, report);
  const own = isPlain(service['x-millrace']) ? service['x-millrace'] : {};
  const deploy = isPlain(service.deploy) ? service.deploy : {};
  const resources = isPlain(deploy.resources) ? deploy.resources : {};
  const limits = isPlain(resources.limits) ? resources.limits : {};
  const ports = portsOf(service, report);
  if (ports.length === 0 && build) {
    ports.push(...context.exposed(join(build.context, build.dockerfile)).map((container) => ({ container })));
  }
  const { environment, templates } = environmentOf(service);
  const replicas = integerOf(deploy.replicas) ?? integerOf(service.scale) ?? 1;
  if (replicas > composeLimits.replicas)
    report(['deploy', 'replicas'], `${replicas} replicas are more than ${composeLimits.replicas}`);
  const grace = service.stop_grace_period === undefined ? 10_000 : durationOf(service.stop_grace_period);
  if (grace === undefined)
    report(['stop_grace_period'], 'stop_grace_period is not a duration', 'For example "30s" or "1m30s".');
  const cpus = Number(textOf(limits.cpus) ?? textOf(service.cpus));
  return {
    name,
    ...(build ? { build } : {}),
    ...(image === undefined ? {} : { image }),
    ...(service.command === undefined || service.command === null ? {} : { command: commandOf(service.command) }),
    ...(service.entrypoint === undefined || service.entrypoint === null
      ? {}
      : { entrypoint: commandOf(service.entrypoint) }),
    environment,
    ...(Object.keys(templates).length > 0 ? { templates } : {}),
    ports,
    ...healthOf(service, own, ports[0]?.container, report),
    dependsOn: dependenciesOf(service),
    volumes: volumesOf(service, context.volumes, report),
    replicas: Math.max(1, replicas),
    ...(textOf(service.working_dir) === undefined ? {} : { workingDirectory: textOf(service.working_dir)! }),
    ...(textOf(service.user) === undefined ? {} : { user: textOf(service.user)! }),
    stopSignal: textOf(service.stop_signal) ?? 'SIGTERM',
    stopGraceMs: Math.min(grace ?? 10_000, 600_000),
    restart: restartOf(service, deploy),
    labels: strings(service.labels),
    ...(Number.isFinite(cpus) && cpus > 0 ? { cpus } : {}),
    ...memoryOf(limits.memory ?? service.mem_limit),
    kind: build ? 'application' : own.kind === 'application' ? 'application' : 'backing',
    ...processOf(own),
  };
}

/** Joins and normalises, staying below the root; undefined parts of `..` beyond it are dropped. */
export function join(...parts: string[]): string {
  const kept: string[] = [];
  for (const part of parts.join('/').split('/')) {
    if (part === '..') kept.pop();
    else if (part !== '' && part !== '.') kept.push(part);
  }
  return kept.join('/') || '.';
}

function buildOf(service: Plain, directory: string, report: Report): ServiceSpec['build'] {
  if (!isPlain(service.build)) return undefined;
  const { build } = service;
  const context = textOf(build.context) ?? '.';
  if (/^[a-z]+:\/\/|^git@/.test(context) || context.startsWith('/')) {
    report(
      ['build'],
      `The build context "${context}" is not in the repository`,
      'Build from a directory of this repository.',
    );
    return undefined;
  }
  if (build.dockerfile_inline !== undefined) {
    report(
      ['build', 'dockerfile_inline'],
      'An inline Dockerfile is not supported',
      'Write it into a file and name it in build.dockerfile.',
    );
  }
  const target = textOf(build.target);
  return {
    context: join(directory, context),
    dockerfile: textOf(build.dockerfile) ?? 'Dockerfile',
    args: strings(build.args),
    ...(target === undefined ? {} : { target }),
  };
}

const strings = (value: unknown): Record<string, string> =>
  isPlain(value) ? Object.fromEntries(Object.entries(value).map(([key, each]) => [key, textOf(each) ?? ''])) : {};

function environmentOf(
  service: Plain,
): Pick<ServiceSpec, 'environment'> & { templates: NonNullable<ServiceSpec['templates']> } {
  const environment: Record<string, string> = {};
  const templates: NonNullable<ServiceSpec['templates']> = {};
  for (const [name, value] of Object.entries(isPlain(service.environment) ? service.environment : {})) {
    if (value instanceof Templated) templates[name] = [...value.pieces];
    // A name without a value takes the one of the environment it is deployed to.
    if (value === null) templates[name] = [{ variable: name, otherwise: '' }];
    environment[name] = textOf(value) ?? '';
  }
  return { environment, templates };
}

function commandOf(value: unknown): string[] {
  return Array.isArray(value) ? value.map((part) => textOf(part) ?? '') : words(textOf(value) ?? '');
}

function portsOf(service: Plain, report: Report): ServiceSpec['ports'] {
  const found: ServiceSpec['ports'] = [];
  const add = (container: number, published?: number): void => {
    if (container < 1 || container > 65_535 || found.some((port) => port.container === container)) return;
    found.push(published === undefined ? { container } : { container, published });
  };
  const all = Array.isArray(service.ports) ? service.ports : [];
  all.forEach((entry, index) => {
    if (isPlain(entry)) {
      const target = integerOf(entry.target);
      if (target === undefined) report(['ports', index], 'This port has no target');
      else if ((textOf(entry.protocol) ?? 'tcp') === 'tcp') add(target, integerOf(entry.published));
      return;
    }
    const match = /^(?:(?:\[[^\]]*\]|[^:]*):)??(?:([\d-]*):)?(\d+)(?:-(\d+))?(?:\/(\w+))?$/.exec(textOf(entry) ?? '');
    if (!match) {
      report(['ports', index], `"${String(entry)}" is not a port`, 'Write "published:target", for example "8080:80".');
      return;
    }
    if ((match[4] ?? 'tcp') !== 'tcp') return;
    const first = Number(match[2]);
    const last = Math.min(Number(match[3] ?? first), first + composeLimits.portRange);
    const published = match[1] ? Number(match[1].split('-')[0]) : undefined;
    for (let port = first; port <= last; port += 1)
      add(port, published === undefined ? undefined : published + port - first);
  });
  for (const entry of Array.isArray(service.expose) ? service.expose : []) {
    const port = /^(\d+)(?:\/tcp)?$/.exec(textOf(entry) ?? '');
    if (port) add(Number(port[1]));
  }
  return found;
}

function healthOf(service: Plain, own: Plain, port: number | undefined, report: Report): { healthcheck?: Healthcheck } {
  const written = isPlain(service.healthcheck) ? service.healthcheck : {};
  if (written.disable === true) return {};
  const time = (field: string, otherwise: number): number => {
    if (written[field] === undefined) return otherwise;
    const value = durationOf(written[field]);
    if (value === undefined)
      report(['healthcheck', field], `healthcheck.${field} is not a duration`, 'For example "10s".');
    return value ?? otherwise;
  };
  const common = {
    intervalMs: time('interval', 30_000),
    timeoutMs: time('timeout', 30_000),
    retries: integerOf(written.retries) ?? 3,
    startPeriodMs: time('start_period', 0),
  };
  const path = textOf(own.health);
  if (path?.startsWith('/')) {
    const quick = written.interval === undefined ? { ...common, intervalMs: 5000, timeoutMs: 5000 } : common;
    return { healthcheck: { test: { kind: 'http', path }, ...quick } };
  }
  const { test } = written;
  if (test === undefined || test === null) return {};
  const parts = Array.isArray(test) ? test.map((part) => textOf(part) ?? '') : ['CMD-SHELL', textOf(test) ?? ''];
  if (parts[0] === 'NONE') return {};
  const argv = parts[0] === 'CMD-SHELL' ? ['/bin/sh', '-c', parts.slice(1).join(' ')] : parts.slice(1);
  const asked = requestOf(parts.slice(1).join(' '), port);
  if (asked) return { healthcheck: { test: { kind: 'http', path: asked }, ...common } };
  if ((parts[0] !== 'CMD' && parts[0] !== 'CMD-SHELL') || argv.length === 0) {
    report(['healthcheck', 'test'], 'healthcheck.test must begin with CMD, CMD-SHELL or NONE');
    return {};
  }
  return { healthcheck: { test: { kind: 'command', argv }, ...common } };
}

/**
 * The path that a curl or wget of its own first port asks for: then the gateway's side can ask itself, and the image needs no curl.
 */
function requestOf(command: string, port: number | undefined): string | undefined {
  const match =
    /^(?:curl|wget)\s(?:-[\w-]+(?:=\S+)?\s+|\d+\s+|\/dev\/null\s+)*["']?http:\/\/(?:localhost|127\.0\.0\.1|\[::1\])(?::(\d+))?(\/[^\s"'|;&$`]*)?["']?(?:\s*\|\|\s*exit\s+1)?\s*$/.exec(
      command,
    );
  if (!match || port === undefined || Number(match[1] ?? 80) !== port) return undefined;
  return match[2] ?? '/';
}

function dependenciesOf(service: Plain): ServiceSpec['dependsOn'] {
  const all = isPlain(service.depends_on) ? service.depends_on : {};
  const known = ['service_started', 'service_healthy', 'service_completed_successfully'] as const;
  const needs: ServiceSpec['dependsOn'] = Object.entries(all).map(([name, how]) => ({
    service: name,
    condition: known.find((each) => isPlain(how) && how.condition === each) ?? 'service_started',
    required: !(isPlain(how) && how.required === false),
  }));
  for (const link of Array.isArray(service.links) ? service.links : []) {
    const name = (textOf(link) ?? '').split(/[:=]/)[0]!;
    if (name !== '' && !needs.some((need) => need.service === name)) {
      needs.push({ service: name, condition: 'service_started', required: true });
    }
  }
  return needs;
}

function volumesOf(service: Plain, known: ReadonlySet<string>, report: Report): ServiceSpec['volumes'] {
  const found: ServiceSpec['volumes'] = [];
  const all = Array.isArray(service.volumes) ? service.volumes : [];
  const skip = (index: number, source: string): void =>
    report(
      ['volumes', index],
      `The mount of "${source}" is left out: a deployed service has no checkout of the repository beside it`,
      'Copy the files into the image, or use a named volume.',
      'info',
    );
  all.forEach((entry, index) => {
    const long = isPlain(entry);
    const parts = long ? [] : (textOf(entry) ?? '').split(':');
    const target = long ? (textOf(entry.target) ?? '') : ((parts.length === 1 ? parts[0] : parts[1]) ?? '');
    const source = long ? (textOf(entry.source) ?? '') : parts.length === 1 ? '' : (parts[0] ?? '');
    const readOnly = long ? entry.read_only === true : /(^|,)ro(,|$)/.test(parts[2] ?? '');
    const kind = long ? textOf(entry.type) : /^[./~]/.test(source) ? 'bind' : 'volume';
    if (!target.startsWith('/')) {
      report(['volumes', index], `"${target}" is not an absolute path inside the service`);
    } else if (kind === 'bind') skip(index, source);
    else if (kind === 'tmpfs') found.push({ source: '', target, readOnly, kind: 'tmpfs' });
    else {
      if (source !== '' && !known.has(source)) {
        report(
          ['volumes', index],
          `The service uses volume "${source}", which is not defined`,
          `Add it under "volumes:" at top level.`,
        );
      }
      // An unnamed volume belongs to this place of this service.
      const name = source === '' ? `anonymous${target.replaceAll(/[^\w.-]/g, '_')}` : source;
      found.push({ source: name, target, readOnly, kind: 'volume' });
    }
  });
  for (const entry of Array.isArray(service.tmpfs) ? service.tmpfs : []) {
    const target = (textOf(entry) ?? '').split(':')[0]!;
    if (target.startsWith('/')) found.push({ source: '', target, readOnly: false, kind: 'tmpfs' });
  }
  return found;
}

function restartOf(service: Plain, deploy: Plain): ServiceSpec['restart'] {
  const policy = isPlain(deploy.restart_policy) ? textOf(deploy.restart_policy.condition) : undefined;
  const written = policy ?? textOf(service.restart);
  if (written === 'none' || written === 'no' || written === 'false') return 'no';
  return written?.startsWith('on-failure') ? 'on-failure' : 'always';
}

const memoryOf = (value: unknown): { memoryBytes?: number } => {
  const bytes = bytesOf(value);
  return bytes === undefined || bytes === 0 ? {} : { memoryBytes: bytes };
};

function processOf(own: Plain): { process?: NonNullable<ServiceSpec['process']> } {
  if (!isPlain(own.process)) return {};
  const build = textOf(own.process.build);
  const command = textOf(own.process.command);
  return {
    process: { ...(build === undefined ? {} : { build }), ...(command === undefined ? {} : { command }) },
  };
}
