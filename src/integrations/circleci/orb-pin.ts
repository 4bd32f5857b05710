import type { Diagnostic } from '../../kernel/diagnostics.ts';
import { type CompileSource, openSource } from './compile.ts';
import { hashOf, lockFile, type OrbLock, printLock } from './orb-lock.ts';
import { readReference, shelfPath } from './orb-reference.ts';
import type { OrbSources } from './port.ts';
import { vendored } from './shelves.ts';

/** What pins the orbs of a file: the text of its lock, and files to keep in the repository, by path. */
export interface PinnedOrbs {
  lock: string;
  files: Map<string, string>;
  /** References that no source has, and why. */
  missing: { reference: string; why: string | undefined }[];
  problems: Diagnostic[];
}

/** Finds every orb of a file, whatever its lock says now, so that they can be locked or kept. */
export async function pinOrbs(source: CompileSource, orbs: OrbSources): Promise<PinnedOrbs> {
  const tree = {
    ...source.tree,
    read: async (path: string) => (path === lockFile ? undefined : source.tree.read(path)),
  };
  const { texts, problems } = await openSource({ ...source, tree }, orbs);
  const lock: OrbLock = new Map();
  const files = new Map<string, string>();
  const missing: PinnedOrbs['missing'] = [];
  for (const [name, orb] of texts) {
    if (orb.kind !== 'loaded') {
      missing.push({ reference: name, why: orb.why });
      continue;
    }
    lock.set(name, { version: orb.version, sha256: hashOf(orb.text) });
    const reference = readReference(name)!;
    const path = shelfPath(reference.kind === 'registry' ? { ...reference, version: orb.version } : reference);
    if (path !== undefined) files.set(vendored + path, orb.text);
  }
  return { lock: printLock(lock), files, missing, problems: problems.list() };
}
