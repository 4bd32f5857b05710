import { readFileSync } from 'node:fs';
import type { OrbShelf } from '../../src/integrations/circleci/index.ts';
import type { SourceTree, Trigger } from '../../src/pipelines/port.ts';

/** What compiling outside files has in common. */

export const noFiles: SourceTree = { list: async () => [], read: async () => undefined };

/** A push to the default branch. */
export const push: Trigger = {
  kind: 'push',
  branch: 'main',
  sha: '0123456789abcdef0123456789abcdef01234567',
  parameters: {},
  pipeline: { id: '0190a0a0-0000-7000-8000-000000000000', number: 7 },
  project: { id: '0190a0a0-0000-7000-8000-000000000001', slug: 'shop', gitUrl: 'http://localhost/git/shop.git' },
};

/** Every version anybody names of an orb, served by the nearest that is at hand. */
export function nearestShelf(shelf: OrbShelf, texts: readonly string[]): OrbShelf {
  const named = texts.flatMap((text) => [...text.matchAll(/([\w-]+\/[\w-]+)@(\d[\w.]*)/g)]);
  return {
    versions: async (orb) => named.filter((match) => match[1] === orb).map((match) => match[2]!),
    async read(orb, version) {
      const near = (at: string): number =>
        at
          .split('.')
          .reduce(
            (sum, part, index) => sum * 1000 + Math.abs(Number(part) - Number(version.split('.')[index] ?? part)),
            0,
          );
      const best = (await shelf.versions(orb)).sort((a, b) => near(a) - near(b))[0];
      return best === undefined ? undefined : shelf.read(orb, best);
    },
  };
}

/** Rows of a table of docs/circleci.md whose second column is a number. */
export function countedRows(table: string): [string, number][] {
  const text = readFileSync(new URL('../../docs/circleci.md', import.meta.url), 'utf8');
  const rows = text.split(`<!-- counted: ${table} -->`)[1]?.split('<!-- end -->')[0] ?? '';
  return [...rows.matchAll(/^\| ([^|]+?) \| (\d+) \|/gm)].map((match) => [match[1]!, Number(match[2])]);
}
