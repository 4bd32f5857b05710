import { cp, mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Launcher } from '../../platform/process/launcher.ts';
import { machineEnvironment } from './machine-environment.ts';

/** What package managers fill and programs only read; a thousand times as many files as the program itself. */
const dependencies = new Set(['node_modules', '.venv', 'venv', 'site-packages']);

/**
 * Copies what is in a directory into another, which exists, links and times as they are. The machine's own `cp` does it several times as
 * fast as Node, and shares blocks where the file system can. With `linkDependencies` the files of packages are not copied but
 * linked: new and replaced files stay apart, only writing into an existing file would show on both sides.
 */
export async function copyTree(
  launcher: Launcher,
  from: string,
  to: string,
  options: { linkDependencies: boolean },
): Promise<void> {
  const linked = options.linkDependencies ? await dependenciesIn(from, '') : [];
  if (linked.length === 0) return copy(launcher, ['-a', '--reflink=auto'], [`${from}/.`], to);
  await copyBeside(launcher, from, to, linked);
}

/** Paths of dependency directories, relative, the outermost of each. */
async function dependenciesIn(root: string, path: string): Promise<string[]> {
  const found: string[] = [];
  for (const entry of await readdir(join(root, path), { withFileTypes: true })) {
    if (!entry.isDirectory()) continue;
    const below = join(path, entry.name);
    if (dependencies.has(entry.name)) found.push(below);
    else found.push(...(await dependenciesIn(root, below)));
  }
  return found;
}

async function copyBeside(launcher: Launcher, from: string, to: string, linked: readonly string[]): Promise<void> {
  const whole: string[] = [];
  for (const entry of await readdir(from)) {
    const inner = linked.filter((path) => path.startsWith(`${entry}/`)).map((path) => path.slice(entry.length + 1));
    if (linked.includes(entry)) await copy(launcher, ['-al'], [join(from, entry)], to);
    else if (inner.length === 0) whole.push(join(from, entry));
    else {
      await mkdir(join(to, entry));
      await copyBeside(launcher, join(from, entry), join(to, entry), inner);
    }
  }
  if (whole.length > 0) await copy(launcher, ['-a', '--reflink=auto'], whole, to);
}

async function copy(launcher: Launcher, how: string[], sources: string[], to: string): Promise<void> {
  const argv = ['cp', ...how, '-t', to, '--', ...sources];
  const done = await run(launcher, argv);
  if (done?.exitCode === 0) return;
  // Another cp than that of GNU, or none; or a file system without links.
  for (const source of sources) {
    const target = source.endsWith('/.') ? to : join(to, source.slice(source.lastIndexOf('/') + 1));
    await cp(source, target, { recursive: true, verbatimSymlinks: true, preserveTimestamps: true });
  }
}

/** Removes a directory with all that is in it. Fine when it is not there. */
export async function removeTree(launcher: Launcher, path: string): Promise<void> {
  await run(launcher, ['rm', '-rf', '--', path]);
  await rm(path, { recursive: true, force: true });
}

const run = (launcher: Launcher, argv: string[]) =>
  launcher.run({ argv, cwd: '/', env: machineEnvironment(), maxOutputBytes: 4096 }).catch(() => undefined);
