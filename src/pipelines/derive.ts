import type { Diagnostic } from '../kernel/diagnostics.ts';
import { type Directory, detectors, make, type Toolchain } from './derive-toolchains.ts';
import type { Plan, PlannedExecutor, PlannedJob, PlannedStep, SourceTree } from './port.ts';

export interface DeriveOptions {
  /** Jobs get a container image; without a container engine they run on the machine itself. */
  containers: boolean;
}

const workflow = 'derived';
const deepest = 2;
const mostParts = 12;
const silenceMs = 10 * 60_000;
const passedOver = /(?:^|\/)(?:node_modules|vendor|dist|build|target|fixtures|testdata|\.[^/]+|venv|examples?)(?:\/|$)/;
const deployables = ['compose.yaml', 'compose.yml', 'docker-compose.yml', 'docker-compose.yaml', 'Dockerfile'];

/**
 * The plan of a repository that has no pipeline file: each part of it that a known tool builds becomes a job that installs
 * its dependencies and runs its tests. Parts are looked for in the root and two folders below; a part in a folder is left
 * to a part of the same kind above it. Undefined when nothing is recognised. Pure apart from reading the tree.
 */
export async function derivePlan(tree: SourceTree, options: DeriveOptions): Promise<Plan | undefined> {
  const paths = await tree.list();
  const parts: { directory: Directory; toolchain: Toolchain }[] = [];
  for (const directory of directoriesOf(paths, tree)) {
    for (const detect of detectors) {
      const toolchain = parts.length < mostParts ? await detect(directory) : undefined;
      if (toolchain && !covered(directory.path, toolchain.name, parts)) parts.push({ directory, toolchain });
    }
  }
  const root = directoriesOf(paths, tree)[0];
  const made = parts.length === 0 && root ? await make(root) : undefined;
  if (made && root) parts.push({ directory: root, toolchain: made });
  if (parts.length > 0) {
    const jobs = parts.map(({ directory, toolchain }) => jobOf(directory.path, toolchain, options));
    const notes = parts.map(({ directory, toolchain }) => noteOf(directory.path, toolchain));
    return { dialect: 'derived', workflows: [{ name: workflow, jobs }], notes };
  }
  const deployable =
    deployables.find((name) => paths.includes(name)) ?? paths.find((path) => /(?:^|\/)Dockerfile$/.test(path));
  return deployable === undefined ? undefined : nothingToTest(deployable);
}

function directoriesOf(paths: string[], tree: SourceTree): Directory[] {
  const found = new Map<string, Directory>();
  for (const path of paths) {
    const names = path.split('/');
    for (let depth = 0; depth < Math.min(names.length, deepest + 1); depth += 1) {
      const folder = names.slice(0, depth).join('/');
      if (passedOver.test(folder)) break;
      const prefix = folder === '' ? '' : `${folder}/`;
      const known = found.get(folder) ?? {
        path: folder,
        files: new Set<string>(),
        below: [],
        read: (name: string) => tree.read(prefix + name),
      };
      found.set(folder, known);
      if (depth === names.length - 1) known.files.add(names[depth]!);
      known.below.push(path.slice(prefix.length));
    }
  }
  return [...found.values()].sort((a, b) => level(a.path) - level(b.path) || a.path.localeCompare(b.path));
}

const level = (path: string): number => (path === '' ? 0 : path.split('/').length);

function covered(path: string, name: string, parts: { directory: Directory; toolchain: Toolchain }[]): boolean {
  return parts.some(
    ({ directory, toolchain }) =>
      toolchain.name === name &&
      directory.path !== path &&
      (directory.path === '' || path.startsWith(`${directory.path}/`)),
  );
}

function noteOf(path: string, toolchain: Toolchain): Diagnostic {
  const file = path === '' ? toolchain.evidence : `${path}/${toolchain.evidence}`;
  return { severity: 'info', file, message: toolchain.why };
}

function jobOf(path: string, toolchain: Toolchain, options: DeriveOptions): PlannedJob {
  const name = path === '' ? toolchain.name : `${path.replaceAll('/', '-')}-${toolchain.name}`;
  const executor: PlannedExecutor = options.containers
    ? { kind: 'docker', images: [{ image: toolchain.image, environment: {} }] }
    : { kind: 'machine' };
  return { ...emptyJob(name, 'build', executor), steps: stepsOf(path, name, toolchain) };
}

function stepsOf(path: string, job: string, toolchain: Toolchain): PlannedStep[] {
  const below = (name: string): string => (path === '' ? name : `${path}/${name}`);
  const steps: PlannedStep[] = [{ name: 'Checkout code', when: 'on_success', kind: 'checkout' }];
  const cacheFile = toolchain.cache && below(toolchain.cache.file);
  const key = `derived-1-${job}-{{ arch }}-{{ checksum "${cacheFile}" }}`;
  const placed = (one: string): string => (one.startsWith('~') ? one : below(one));
  if (toolchain.cache) {
    steps.push({
      name: 'Restoring cache',
      when: 'on_success',
      kind: 'restore_cache',
      keys: [key, `derived-1-${job}-{{ arch }}-`],
    });
  }
  for (const [index, command] of toolchain.commands.entries()) {
    steps.push({
      name: command.name,
      when: 'on_success',
      kind: 'run',
      command: command.run,
      environment: {},
      background: false,
      workingDirectory: path === '' ? undefined : path,
      noOutputTimeoutMs: silenceMs,
    });
    if (index === 0 && toolchain.cache) {
      const paths = toolchain.cache.paths.map(placed);
      steps.push({ name: 'Saving cache', when: 'on_success', kind: 'save_cache', key, paths });
    }
  }
  if (toolchain.results !== undefined) {
    steps.push({
      name: 'Uploading test results',
      when: 'always',
      kind: 'store_test_results',
      path: below(toolchain.results),
    });
  }
  return steps;
}

function emptyJob(name: string, kind: PlannedJob['kind'], executor: PlannedExecutor): PlannedJob {
  return {
    key: `${workflow}/${name}`,
    name,
    workflow,
    kind,
    requires: [],
    executor,
    environment: {},
    contexts: [],
    shell: '/bin/bash -eo pipefail',
    workingDirectory: '~/project',
    parallelism: 1,
    steps: [],
  };
}

/** Something to deploy and nothing to test: a run that succeeds at once, so that a release is cut. */
function nothingToTest(file: string): Plan {
  const note: Diagnostic = {
    severity: 'info',
    file,
    message: `${file} says how to deploy this, and nothing was found that could be tested: the run succeeds at once`,
  };
  const job = emptyJob('nothing-to-test', 'no-op', { kind: 'machine' });
  return { dialect: 'derived', workflows: [{ name: workflow, jobs: [job] }], notes: [note] };
}
