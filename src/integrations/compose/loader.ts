import type { CommitFiles, ServiceLoader, ServiceSpec } from '../../deployments/port.ts';
import { type Diagnostic, hasErrors } from '../../kernel/diagnostics.ts';
import { isPlain, type Place, type Plain, Replacing, readDocument } from './document.ts';
import { readDotenv } from './dotenv.ts';
import type { Lookup } from './interpolate.ts';
import { composeLimits } from './limits.ts';
import { canonical, mergeProjects, mergeServices } from './merge.ts';
import { join, type Report, serviceSpec } from './service-spec.ts';
import { validate } from './validate.ts';
import { textOf } from './values.ts';

/** Where Compose looks, in its order. Override files are for a developer's own machine and are only used when named. */
export const composeFiles = ['compose.yaml', 'compose.yml', 'docker-compose.yaml', 'docker-compose.yml'];

const directoryOf = (file: string): string => (file.includes('/') ? file.slice(0, file.lastIndexOf('/')) : '.');

/** Reads services from Compose files, or from a Dockerfile alone. */
export const composeLoader: ServiceLoader = {
  async load(tree, files) {
    const named = files ?? (await firstPresent(tree, composeFiles));
    if (named.length > 0) return new ProjectReader(tree).services(named);
    const dockerfile = await tree.read('Dockerfile');
    if (dockerfile !== undefined) {
      return {
        services: [fromDockerfile(dockerfile)],
        problems: [],
        found: 'One service, "web", from the Dockerfile.',
      };
    }
    const found = `No services: there is no ${composeFiles.join(', ')} and no Dockerfile at the root of the repository.`;
    return { services: [], problems: [], found };
  },
};

async function firstPresent(tree: CommitFiles, names: readonly string[]): Promise<string[]> {
  for (const name of names) if ((await tree.read(name)) !== undefined) return [name];
  return [];
}

/** Ports of EXPOSE lines. */
export function exposedPorts(dockerfile: string): number[] {
  const ports: number[] = [];
  for (const line of dockerfile.matchAll(/^\s*EXPOSE\s+(.+)$/gim)) {
    for (const word of line[1]!.split(/\s+/)) {
      const match = /^(\d+)(?:\/tcp)?$/i.exec(word);
      if (match && !ports.includes(Number(match[1]))) ports.push(Number(match[1]));
    }
  }
  return ports;
}

function fromDockerfile(text: string): ServiceSpec {
  const ports = exposedPorts(text);
  return {
    name: 'web',
    build: { context: '.', dockerfile: 'Dockerfile', args: {} },
    environment: {},
    ports: (ports.length > 0 ? ports : [8080]).map((container) => ({ container })),
    dependsOn: [],
    volumes: [],
    replicas: 1,
    stopSignal: 'SIGTERM',
    stopGraceMs: 10_000,
    restart: 'always',
    labels: {},
    kind: 'application',
  };
}

interface LoadedFile {
  project: Plain;
  directory: string;
}

/** One project read from a tree: files are read once, and all problems are collected. */
class ProjectReader {
  readonly #tree: CommitFiles;
  readonly #problems: Diagnostic[] = [];
  readonly #texts = new Map<string, string | undefined>();
  readonly #places = new Map<string, Place>();

  constructor(tree: CommitFiles) {
    this.#tree = tree;
  }

  async services(files: readonly string[]): ReturnType<ServiceLoader['load']> {
    const found = `Services from ${files.join(' and ')}.`;
    const directory = directoryOf(files[0]!);
    const lookup = await this.#dotenv(join(directory, '.env'));
    let project: Plain = {};
    for (const file of files) {
      const loaded = await this.#file(file, lookup, []);
      if (loaded) project = mergeProjects(project, loaded.project);
    }
    if (hasErrors(this.#problems)) return { services: [], problems: this.#problems, found };
    project = canonical(project);
    const services = await this.#specs(project, files[0]!);
    return { services: hasErrors(this.#problems) ? [] : services, problems: this.#problems, found };
  }

  async #text(path: string): Promise<string | undefined> {
    if (!this.#texts.has(path)) {
      if (this.#texts.size >= composeLimits.files) {
        this.#error(path, `More than ${composeLimits.files} files are read for one project`);
        return undefined;
      }
      this.#texts.set(path, await this.#tree.read(path));
    }
    return this.#texts.get(path);
  }

  #error(file: string, message: string, hint?: string): void {
    this.#problems.push({ severity: 'error', file, message, hint });
  }

  async #dotenv(path: string, outer: Lookup = () => undefined): Promise<Lookup> {
    const text = await this.#text(path);
    const values = text === undefined ? {} : this.#variables(path, text, outer);
    return (name) => (Object.hasOwn(values, name) ? values[name] : outer(name));
  }

  #variables(path: string, text: string, lookup: Lookup): Record<string, string> {
    try {
      return readDotenv(text, lookup);
    } catch (error) {
      this.#error(path, error instanceof Error ? error.message : String(error));
      return {};
    }
  }

  /** One file with what it includes and extends, paths relative to the root of the repository. */
  async #file(path: string, lookup: Lookup, via: readonly string[]): Promise<LoadedFile | undefined> {
    const file = join(path);
    if (via.includes(file)) {
      this.#error(file, `The file includes itself: ${[...via, file].join(' -> ')}`);
      return undefined;
    }
    const text = await this.#text(file);
    if (text === undefined) {
      this.#error(file, `There is no file "${file}"`);
      return undefined;
    }
    const read = readDocument(file, text, lookup);
    this.#places.set(file, read.place);
    this.#problems.push(...read.problems);
    let project: Plain = {};
    for (const value of read.values) {
      const problems = validate(value, read.place);
      this.#problems.push(...problems);
      if (isPlain(value) && !hasErrors(problems)) project = mergeProjects(project, value);
    }
    const directory = directoryOf(file);
    if (isPlain(project.services)) {
      const services: Plain = {};
      for (const name of Object.keys(project.services)) {
        services[name] = await this.#extended(name, project.services, file, lookup, []);
      }
      project = { ...project, services };
    }
    project = rebase(project, directory);
    return { project: await this.#included(project, directory, lookup, [...via, file]), directory };
  }

  async #included(project: Plain, directory: string, lookup: Lookup, via: readonly string[]): Promise<Plain> {
    const { include, ...rest } = project;
    let result: Plain = {};
    for (const entry of Array.isArray(include) ? include : []) {
      const long: Plain = isPlain(entry) ? entry : { path: entry };
      const paths = (Array.isArray(long.path) ? long.path : [long.path]).map((each) => textOf(each) ?? '');
      const inner =
        long.env_file === undefined ? lookup : await this.#dotenv(join(directory, textOf(long.env_file) ?? ''), lookup);
      for (const path of paths) {
        const loaded = await this.#file(join(directory, path), inner, via);
        if (loaded) result = mergeProjects(result, loaded.project);
      }
    }
    return mergeProjects(result, rest);
  }

  /** A service with what it extends below it; `extends` itself is gone afterwards. */
  async #extended(
    name: string,
    services: Plain,
    file: string,
    lookup: Lookup,
    via: readonly string[],
  ): Promise<unknown> {
    const service = services[name];
    if (!isPlain(service) || service.extends === undefined || service.extends === null) return service;
    const { extends: link, ...own } = service;
    const target = typeof link === 'string' ? { service: link } : isPlain(link) ? link : {};
    const wanted = textOf(target.service) ?? name;
    const key = `${textOf(target.file) ?? ''}#${wanted}`;
    if (via.includes(key)) {
      this.#error(file, `Service "${name}" extends itself`);
      return own;
    }
    let base: unknown;
    if (target.file === undefined) {
      base = await this.#extended(wanted, services, file, lookup, [...via, key]);
    } else {
      const other = join(directoryOf(file), textOf(target.file) ?? '');
      const text = await this.#text(other);
      if (text === undefined) this.#error(file, `Service "${name}" extends "${other}", which does not exist`);
      const read = readDocument(other, text ?? '', lookup);
      this.#problems.push(...read.problems);
      const value = read.values[0];
      const all = isPlain(value) && isPlain(value.services) ? value.services : {};
      const found = await this.#extended(wanted, all, other, lookup, [...via, key]);
      // Its paths are relative to its own file; ours are made relative to the same root later.
      base = isPlain(found) ? relativeTo(rebaseService(found, directoryOf(other)), directoryOf(file)) : undefined;
    }
    if (!isPlain(base)) {
      this.#error(file, `Service "${name}" extends "${wanted}", which is not there`);
      return own;
    }
    return mergeServices(base, own);
  }

  async #specs(project: Plain, main: string): Promise<ServiceSpec[]> {
    const all = isPlain(project.services) ? project.services : {};
    const volumes = new Set(Object.keys(isPlain(project.volumes) ? project.volumes : {}));
    if (Object.keys(all).length > composeLimits.services) {
      this.#error(main, `There are more than ${composeLimits.services} services`);
      return [];
    }
    const report: Report = (path, message, hint, severity = 'error') => {
      const place = this.#places.get(main)?.(path) ?? { file: main };
      this.#problems.push({ severity, ...place, message, hint });
    };
    const active = Object.entries(all).filter(
      ([, service]) => !isPlain(service) || !Array.isArray(service.profiles) || service.profiles.length === 0,
    );
    const specs: ServiceSpec[] = [];
    for (const [name, value] of active) {
      if (!isPlain(value) || value instanceof Replacing) continue;
      const service = await this.#withEnvFiles(name, value);
      const exposed = await this.#exposed(service);
      const spec = serviceSpec(name, service, { directory: '.', volumes, exposed: () => exposed, report });
      if (spec) specs.push(spec);
    }
    const known = new Set(specs.map((spec) => spec.name));
    for (const spec of specs) {
      for (const need of spec.dependsOn) {
        if (known.has(need.service) || !need.required) continue;
        const hidden = need.service in all;
        if (!hidden)
          report(
            ['services', spec.name, 'depends_on'],
            `"${spec.name}" depends on "${need.service}", which is not a service`,
          );
      }
    }
    const circle = circleOf(specs);
    if (circle)
      report(
        ['services', circle[0]!, 'depends_on'],
        `Services wait for each other in a circle: ${circle.join(' -> ')}`,
      );
    return specs;
  }

  async #withEnvFiles(name: string, service: Plain): Promise<Plain> {
    if (!Array.isArray(service.env_file)) return service;
    let variables: Record<string, string> = {};
    for (const entry of service.env_file) {
      const path = join(textOf(isPlain(entry) ? entry.path : entry) ?? '');
      const text = await this.#text(path);
      if (text === undefined) {
        if (!(isPlain(entry) && entry.required === false))
          this.#error(path, `Service "${name}" reads "${path}", which does not exist`);
        continue;
      }
      variables = { ...variables, ...this.#variables(path, text, (each) => variables[each]) };
    }
    const own = isPlain(service.environment) ? service.environment : {};
    return { ...service, environment: { ...variables, ...own } };
  }

  async #exposed(service: Plain): Promise<number[]> {
    if (!isPlain(service.build)) return [];
    const path = join(textOf(service.build.context) ?? '.', textOf(service.build.dockerfile) ?? 'Dockerfile');
    const text = await this.#text(path);
    return text === undefined ? [] : exposedPorts(text);
  }
}

/** Makes the paths of a file's services relative to the root of the repository. */
function rebase(project: Plain, directory: string): Plain {
  if (!isPlain(project.services)) return project;
  const services = Object.fromEntries(
    Object.entries(project.services).map(([name, each]) => [
      name,
      isPlain(each) ? rebaseService(each, directory) : each,
    ]),
  );
  return { ...project, services };
}

const isLocal = (path: string): boolean => !path.startsWith('/') && !/^[a-z]+:\/\/|^git@/.test(path);

function rebaseService(service: Plain, directory: string): Plain {
  return movePaths(service, (path) => (isLocal(path) ? join(directory, path) : path));
}

/** The opposite: a path from the root as it is seen from a directory below it. */
function relativeTo(service: Plain, directory: string): Plain {
  const up = directory === '.' ? '' : '../'.repeat(directory.split('/').length);
  return movePaths(service, (path) => (isLocal(path) ? `${up}${path}` : path));
}

function movePaths(service: Plain, move: (path: string) => string): Plain {
  const build = typeof service.build === 'string' ? { context: service.build } : service.build;
  const files = service.env_file === undefined || service.env_file === null ? undefined : [service.env_file].flat();
  return {
    ...service,
    ...(isPlain(build) ? { build: { ...build, context: move(textOf(build.context) ?? '.') } } : {}),
    ...(files
      ? {
          env_file: files.map((entry) =>
            isPlain(entry) ? { ...entry, path: move(textOf(entry.path) ?? '') } : move(textOf(entry) ?? ''),
          ),
        }
      : {}),
  };
}

function circleOf(specs: readonly ServiceSpec[]): string[] | undefined {
  const needs = new Map(specs.map((spec) => [spec.name, spec.dependsOn.map((need) => need.service)]));
  const done = new Set<string>();
  const walk = (name: string, via: string[]): string[] | undefined => {
    if (via.includes(name)) return [...via.slice(via.indexOf(name)), name];
    if (done.has(name)) return undefined;
    for (const next of needs.get(name) ?? []) {
      const circle = walk(next, [...via, name]);
      if (circle) return circle;
    }
    done.add(name);
    return undefined;
  };
  for (const name of needs.keys()) {
    const circle = walk(name, []);
    if (circle) return circle;
  }
  return undefined;
}

/** Checks one Compose file by itself, as `docker compose config` would; nothing outside of it is read. */
export function checkCompose(file: string, text: string, lookup: Lookup = () => undefined): Diagnostic[] {
  const read = readDocument(file, text, lookup);
  return [...read.problems, ...read.values.flatMap((value) => validate(value, read.place))];
}
