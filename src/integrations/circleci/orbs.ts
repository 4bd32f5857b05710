import { readDocument } from './document.ts';
import { baseScope, readSections } from './library.ts';
import { limits } from './limits.ts';
import { child, describe, type Entry, isNull, isUnknown, type Library, type MissingOrb, type Node } from './node.ts';
import type { OrbShelf } from './port.ts';
import type { Problems } from './problems.ts';
import { substitute, type Templating } from './template.ts';

/** Registry orbs, read, by their reference as written (`circleci/node@5.1`); undefined for one that is not at hand. */
export type OrbTexts = Map<string, Node | undefined>;

const reference = /^([a-z0-9][\w.-]*\/[a-z0-9][\w.-]*)@(.+)$/i;

/**
 * Reads every registry orb that a file imports, and those that they import, from the shelves in order.
 * `resolve` fills templates in a reference, for orbs named by a pipeline parameter.
 */
export async function loadOrbs(
  root: Node,
  shelves: OrbShelf[],
  resolve: (node: Node) => Node,
  problems: Problems,
): Promise<OrbTexts> {
  const texts: OrbTexts = new Map();
  const queue = registryReferences(child(root, 'orbs'), resolve);
  while (queue.length > 0 && texts.size < limits.orbs) {
    const next = queue.shift()!;
    if (texts.has(next)) continue;
    const found = await fetchOrb(next, shelves);
    const orb = found && readDocument(found.file, found.text, problems);
    texts.set(next, orb);
    queue.push(...registryReferences(child(orb, 'orbs'), (node) => node));
  }
  return texts;
}

function registryReferences(orbs: Node | undefined, resolve: (node: Node) => Node): string[] {
  if (orbs?.kind !== 'map') return [];
  return [...orbs.entries.values()].flatMap(({ value }) => {
    if (value.kind === 'map') return registryReferences(child(value, 'orbs'), resolve);
    const resolved = resolve(value);
    return resolved.kind === 'scalar' && typeof resolved.value === 'string' && reference.test(resolved.value)
      ? [resolved.value]
      : [];
  });
}

async function fetchOrb(name: string, shelves: OrbShelf[]): Promise<{ text: string; file: string } | undefined> {
  const [, orb, version] = reference.exec(name)!;
  for (const shelf of shelves) {
    const chosen = chooseVersion(version!, await shelf.versions(orb!));
    const text = chosen === undefined ? undefined : await shelf.read(orb!, chosen);
    if (text !== undefined) return { text, file: `${orb}@${chosen}` };
  }
  return undefined;
}

/** The version a reference means: exactly that one, else the newest of its minor or major, or of all for `volatile`. */
function chooseVersion(wanted: string, available: string[]): string | undefined {
  if (available.includes(wanted)) return wanted;
  const parts = wanted === 'volatile' ? [] : wanted.split('.');
  if (wanted !== 'volatile' && (parts.length > 2 || !/^\d+(?:\.\d+)?$/.test(wanted))) return undefined;
  return available
    .filter(
      (version) => /^\d+\.\d+\.\d+$/.test(version) && parts.every((part, index) => version.split('.')[index] === part),
    )
    .sort((a, b) => compareVersions(a, b))
    .at(-1);
}

function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((version) => version.split('.').map(Number));
  return left!.reduce((order, part, index) => order || part - (right![index] ?? 0), 0);
}

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
  for (const [name, entry] of orbs.entries) {
    const orb = importOrb(library, name, entry, texts, templating, depth);
    if (orb) library.orbs.set(name, orb);
  }
}

function importOrb(
  library: Library,
  name: string,
  entry: Entry,
  texts: OrbTexts,
  templating: Templating,
  depth: number,
): Library | MissingOrb | undefined {
  const { problems } = templating;
  // Orb tooling leaves an empty map for the orb under test, and fills it in before it compiles.
  if (entry.value.kind === 'map' && entry.value.entries.size === 0) return { missing: name, at: entry.keyAt };
  if (entry.value.kind === 'map') return orbLibrary(name, entry.value, texts, templating, depth);
  const value = substitute(entry.value, baseScope(library), templating);
  if (isUnknown(value)) return { missing: name, at: entry.keyAt };
  if (value.kind !== 'scalar' || typeof value.value !== 'string') {
    problems.error(entry.value.at, `An orb is "namespace/name@version" or a map, not ${describe(value)}`);
    return undefined;
  }
  if (/^https:\/\//.test(value.value)) return { missing: value.value, at: entry.keyAt };
  if (!reference.test(value.value)) {
    problems.error(
      entry.value.at,
      `"${value.value}" is not an orb`,
      'Write "namespace/name@version", for example "circleci/node@5.1".',
    );
    return undefined;
  }
  const root = texts.get(value.value);
  if (!root) return { missing: value.value, at: entry.keyAt };
  return orbLibrary(name, root, texts, { ...templating, lenient: true }, depth);
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
  const [name, version] = orb.missing.split('@');
  if (version === undefined && !orb.missing.startsWith('https:')) {
    problems.error(
      orb.at,
      `The orb "${orb.missing}" is an empty place`,
      'Write its commands and jobs here, or name a version.',
    );
    return;
  }
  problems.error(
    orb.at,
    `The orb "${orb.missing}" is not on this machine`,
    version === undefined
      ? 'Save its text and import it inline.'
      : `Save its source as .circleci/orbs/${name}/${version}/orb.yml, or point MILLRACE_ORB_PATH at a mirror laid out that way.`,
  );
}
