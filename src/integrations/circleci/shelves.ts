import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SourceTree } from '../../pipelines/port.ts';
import { shelfPath } from './orb-reference.ts';
import type { OrbShelf } from './port.ts';

/** Where a repository keeps orbs. */
export const vendored = '.circleci/orbs/';

/** A mirror on disk: `<namespace>/<name>/<version>/orb.yml`, and `https/<host>/<path>` for orbs named by an address. */
export function directoryShelf(directory: string): OrbShelf {
  const read = async (path: string | undefined): Promise<string | undefined> =>
    path === undefined ? undefined : readFile(join(directory, path), 'utf8').catch(() => undefined);
  return {
    async versions(orb) {
      if (shelfPath({ kind: 'registry', orb, version: '0' }) === undefined) return [];
      const entries = await readdir(join(directory, orb), { withFileTypes: true }).catch(() => []);
      return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
    },
    read: (orb, version) => read(shelfPath({ kind: 'registry', orb, version })),
    readAddress: (address) => read(shelfPath({ kind: 'address', address })),
  };
}

/** Orbs kept in the repository itself under `.circleci/orbs`: as in a mirror, or as `<namespace>/<name>@<version>.yml`. */
export function repositoryShelf(tree: SourceTree): OrbShelf {
  let paths: Promise<string[]> | undefined;
  const list = async (): Promise<string[]> => {
    paths ??= tree.list().then((all) => all.filter((path) => path.startsWith(vendored)));
    return paths;
  };
  return {
    async versions(orb) {
      const folder = `${vendored}${orb}/`;
      const flat = `${vendored}${orb}@`;
      return (await list()).flatMap((path) => {
        if (path.startsWith(folder) && path.endsWith('/orb.yml')) {
          const version = path.slice(folder.length, -'/orb.yml'.length);
          return version.includes('/') ? [] : [version];
        }
        return path.startsWith(flat) && path.endsWith('.yml') ? [path.slice(flat.length, -'.yml'.length)] : [];
      });
    },
    async read(orb, version) {
      return (await tree.read(`${vendored}${orb}/${version}/orb.yml`)) ?? tree.read(`${vendored}${orb}@${version}.yml`);
    },
    async readAddress(address) {
      const path = shelfPath({ kind: 'address', address });
      return path === undefined ? undefined : tree.read(`${vendored}${path}`);
    },
  };
}
