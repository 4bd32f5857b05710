import { readDocument } from './document.ts';
import { limits } from './limits.ts';
import { child, type Node } from './node.ts';
import { hashOf, lockFile, type OrbLock } from './orb-lock.ts';
import { chooseVersion, type OrbReference, readReference } from './orb-reference.ts';
import type { OrbSources } from './port.ts';
import type { Problems } from './problems.ts';

/** What became of one reference: its text and what it says, or why there is none. */
export type LoadedOrb =
  | { kind: 'loaded'; version: string; text: string; root: Node }
  /** `unfit`: there is a text, and it cannot be used. */
  | { kind: 'absent' | 'unfit'; why: string | undefined };

/** Orbs by their reference as written. */
export type OrbTexts = Map<string, LoadedOrb>;

/**
 * Reads every orb that a file imports, and those that they import, from the sources in order; what the lock pins must come
 * in that version and with that content. `resolve` fills templates in a reference, for orbs named by a pipeline parameter.
 */
export async function loadOrbs(
  root: Node,
  sources: OrbSources,
  lock: OrbLock,
  resolve: (node: Node) => Node,
  problems: Problems,
): Promise<OrbTexts> {
  const texts: OrbTexts = new Map();
  const queue = references(child(root, 'orbs'), resolve);
  while (queue.length > 0 && texts.size < limits.orbs) {
    const next = queue.shift()!;
    const reference = texts.has(next) ? undefined : readReference(next);
    if (!reference) continue;
    const orb = await load(next, reference, sources, lock, problems);
    texts.set(next, orb);
    if (orb.kind === 'loaded') queue.push(...references(child(orb.root, 'orbs'), (node) => node));
  }
  return texts;
}

function references(orbs: Node | undefined, resolve: (node: Node) => Node): string[] {
  if (orbs?.kind !== 'map') return [];
  return [...orbs.entries.values()].flatMap(({ value }) => {
    if (value.kind === 'map') return references(child(value, 'orbs'), resolve);
    const resolved = resolve(value);
    return resolved.kind === 'scalar' && typeof resolved.value === 'string' ? [resolved.value] : [];
  });
}

async function load(
  name: string,
  reference: OrbReference,
  sources: OrbSources,
  lock: OrbLock,
  problems: Problems,
): Promise<LoadedOrb> {
  const pinned = lock.get(name);
  const wanted: OrbReference =
    pinned && reference.kind === 'registry' ? { ...reference, version: pinned.version } : reference;
  const found = await find(wanted, sources);
  if (!found.ok) return { kind: 'absent', why: found.reason };
  if (found.text.length > limits.fileBytes) return { kind: 'unfit', why: 'Its text is too large' };
  if (pinned && hashOf(found.text) !== pinned.sha256) {
    return { kind: 'unfit', why: `Its text is not the one that ${lockFile} pins` };
  }
  const file = reference.kind === 'registry' ? `${reference.orb}@${found.version}` : reference.address;
  const root = readDocument(file, found.text, problems);
  if (!root) return { kind: 'unfit', why: undefined };
  return { kind: 'loaded', version: found.version, text: found.text, root };
}

type Found = { ok: true; version: string; text: string } | { ok: false; reason: string | undefined };

async function find(reference: OrbReference, { shelves, remote }: OrbSources): Promise<Found> {
  for (const shelf of shelves) {
    if (reference.kind === 'address') {
      const text = await shelf.readAddress?.(reference.address);
      if (text !== undefined) return { ok: true, version: '-', text };
      continue;
    }
    const version = chooseVersion(reference.version, await shelf.versions(reference.orb));
    const text = version === undefined ? undefined : await shelf.read(reference.orb, version);
    if (version !== undefined && text !== undefined) return { ok: true, version, text };
  }
  if (!remote) return { ok: false, reason: undefined };
  return reference.kind === 'address'
    ? remote.fromAddress(reference.address)
    : remote.fromRegistry(reference.orb, reference.version);
}
