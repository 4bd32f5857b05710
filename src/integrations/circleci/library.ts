import { child, type Entry, isNull, type Library, type MissingOrb, type Node, type Section } from './node.ts';
import type { Problems } from './problems.ts';
import { createScope, type Scope, type ScopeParts } from './scope.ts';

export type Found =
  | { kind: 'found'; library: Library; entry: Entry }
  | { kind: 'missing'; orb: MissingOrb }
  | { kind: 'none' };

/** Finds `name` or `orb/name` as seen from a library. */
export function find(library: Library, section: Section, name: string): Found {
  const slash = name.indexOf('/');
  // Also of a name with a slash: in a flat file the jobs of orbs stand under their whole names.
  const own = library.sections[section].get(name);
  if (own) return { kind: 'found', library, entry: own };
  if (slash === -1) return { kind: 'none' };
  const orb = library.orbs.get(name.slice(0, slash));
  if (!orb) return { kind: 'none' };
  if ('missing' in orb) return { kind: 'missing', orb };
  const entry = orb.sections[section].get(name.slice(slash + 1));
  return entry ? { kind: 'found', library: orb, entry } : { kind: 'none' };
}

/** The scope of texts of this library that stand outside any element with parameters. */
export function baseScope(library: Library, parts: ScopeParts = {}): Scope {
  return createScope({ ...parts, pipeline: library.pipeline });
}

/** Reads the sections of a file or orb; a section that is no map is reported. */
export function readSections(root: Node, problems: Problems): Record<Section, Map<string, Entry>> {
  const read = (section: Section): Map<string, Entry> => {
    const node = child(root, section);
    if (isNull(node)) return new Map();
    if (node?.kind !== 'map') {
      problems.error(node?.at, `"${section}" must be a map of names`);
      return new Map();
    }
    return node.entries;
  };
  return {
    commands: read('commands'),
    jobs: read('jobs'),
    executors: read('executors'),
    'job-groups': read('job-groups'),
  };
}
