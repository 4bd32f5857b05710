import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SourceTree } from '../../pipelines/port.ts';
import { limits } from './limits.ts';
import type { OrbShelf } from './port.ts';

const vendored = '.circleci/orbs/';

/** A mirror on disk: `<namespace>/<name>/<version>/orb.yml`. */
export function directoryShelf(directory: string): OrbShelf {
  return {
    async versions(orb) {
      const folder = safeFolder(orb);
      if (!folder) return [];
      const entries = await readdir(join(directory, folder), { withFileTypes: true }).catch(() => []);
      return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
    },
    async read(orb, version) {
      const folder = safeFolder(orb);
      if (!folder || version.includes('/') || version.includes('..')) return undefined;
      const text = await readFile(join(directory, folder, version, 'orb.yml'), 'utf8').catch(() => undefined);
      return text !== undefined && text.length <= limits.fileBytes ? text : undefined;
    },
  };
}

/** Orbs kept in the repository itself, laid out as a mirror under `.circleci/orbs`. */
export function repositoryShelf(tree: SourceTree): OrbShelf {
  let paths: Promise<string[]> | undefined;
  return {
    async versions(orb) {
      paths ??= tree.list();
      const prefix = `${vendored}${orb}/`;
      return (await paths)
        .filter((path) => path.startsWith(prefix) && path.endsWith('/orb.yml'))
        .map((path) => path.slice(prefix.length, -'/orb.yml'.length))
        .filter((version) => !version.includes('/'));
    },
    read: (orb, version) => tree.read(`${vendored}${orb}/${version}/orb.yml`),
  };
}

function safeFolder(orb: string): string | undefined {
  return /^[\w.-]+\/[\w.-]+$/.test(orb) && !orb.includes('..') ? orb : undefined;
}
