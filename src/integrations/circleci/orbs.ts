import { baseScope, readSections } from './library.ts';
import { limits } from './limits.ts';
import { child, describe, type Entry, isNull, isUnknown, type Library, type MissingOrb, type Node } from './node.ts';
import type { OrbTexts } from './orb-load.ts';
import { readReference, shelfPath } from './orb-reference.ts';
import type { Problems } from './problems.ts';
import { substitute, type Templating } from './template.ts';

/** Turns the `orbs` map of a file or orb into libraries; inline ones are read in place. */
export function importOrbs(
  library: Library,
  orbs: Node | undefined,
  texts: OrbTexts,
  templating: Templating,
  depth = 0,
): void {
  const { problems } = templating;
  if (isNull(orbs)) return;
  if (orbs?.kind !== 'map') {
    problems.error(orbs?.at, '"orbs" must be a map of names');
    return;
  }
  if (depth >= limits.orbDepth) {
    problems.error(orbs.at, `Orbs import orbs more than ${limits.orbDepth} deep`);
    return;
  }
  if (orbs.entries.size > limits.orbs) {
    problems.error(orbs.at, `A file imports at most ${limits.orbs} orbs, and this imports ${orbs.entries.size}`);
    return;
  }
  for (const [name, entry] of orbs.entries) {
    library.orbs.set(name, importOrb(library, name, entry, texts, templating, depth));
  }
}

function importOrb(
  library: Library,
  name: string,
  entry: Entry,
  texts: OrbTexts,
  templating: Templating,
  depth: number,
): Library | MissingOrb {
  const { problems } = templating;
  const at = entry.keyAt;
  // Orb tooling leaves an empty map for the orb under test, and fills it in before it compiles.
  if (entry.value.kind === 'map' && entry.value.entries.size === 0) return { missing: name, at, why: undefined };
  if (entry.value.kind === 'map') return orbLibrary(name, entry.value, texts, templating, depth);
  const value = substitute(entry.value, baseScope(library), templating);
  if (isUnknown(value)) return { missing: name, at, told: true, why: undefined };
  if (value.kind !== 'scalar' || typeof value.value !== 'string') {
    problems.error(entry.value.at, `An orb is "namespace/name@version" or a map, not ${describe(value)}`);
    return { missing: name, at, told: true, why: undefined };
  }
  if (!readReference(value.value)) {
    const hint = 'Write "namespace/name@version", for example "circleci/node@5.1".';
    problems.error(entry.value.at, `"${value.value}" is not an orb`, hint);
    return { missing: value.value, at, told: true, why: undefined };
  }
  const orb = texts.get(value.value);
  if (orb?.kind === 'loaded') return orbLibrary(name, orb.root, texts, { ...templating, lenient: true }, depth);
  if (orb?.kind !== 'unfit') return { missing: value.value, at, why: orb?.why };
  const hint = 'Restore it, or accept what is there now with "millrace orb lock".';
  if (orb.why) problems.error(at, `The orb "${value.value}" cannot be used: ${orb.why}`, hint);
  return { missing: value.value, at, told: true, why: undefined };
}

function orbLibrary(name: string, root: Node, texts: OrbTexts, templating: Templating, depth: number): Library {
  const library: Library = {
    name,
    sections: readSections(root, templating.problems),
    orbs: new Map(),
    pipeline: undefined,
    lenient: templating.lenient,
  };
  importOrbs(library, child(root, 'orbs'), texts, templating, depth + 1);
  return library;
}

/** The one sentence about an orb that is not at hand, with the way out. */
export function reportMissing(orb: MissingOrb, problems: Problems): void {
  if (orb.told) return;
  const reference = readReference(orb.missing);
  if (!reference) {
    problems.error(
      orb.at,
      `The orb "${orb.missing}" is an empty place`,
      'Write its commands and jobs here, or name a version.',
    );
    return;
  }
  const path = shelfPath(reference);
  const why = orb.why === undefined ? '' : ` (${orb.why})`;
  problems.error(
    orb.at,
    `The orb "${orb.missing}" is not on this machine${why}`,
    path === undefined
      ? 'Save its text and import it inline.'
      : `Save its source as .circleci/orbs/${path} ("millrace orb vendor" does it where the registry can be reached), or point MILLRACE_ORB_PATH at a mirror laid out that way.`,
  );
}
