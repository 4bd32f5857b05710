/**
 * Where texts of orbs come from: the repository's own `.circleci/orbs`, a mirror directory. Asked in order; the first
 * that has a fitting version wins. Reading is the only effect; all methods may be called at once and in any order.
 */
export interface OrbShelf {
  /** Versions at hand of `namespace/name`; empty when there is none. */
  versions(orb: string): Promise<string[]>;
  read(orb: string, version: string): Promise<string | undefined>;
  /** The text of an orb that is named by its address. */
  readAddress?(address: string): Promise<string | undefined>;
}

/** Where orbs are fetched from when no shelf has them: the public registry, and addresses a team allows. Never rejects. */
export interface OrbRemote {
  /** The newest version that `namespace/name@version` means. */
  fromRegistry(orb: string, version: string): Promise<RemoteOrb>;
  fromAddress(address: string): Promise<RemoteOrb>;
}

export type RemoteOrb = { ok: true; version: string; text: string } | { ok: false; reason: string };

/** Everything that is asked for orbs, in order. `remote` is absent where nothing may be fetched. */
export interface OrbSources {
  shelves: OrbShelf[];
  remote?: OrbRemote | undefined;
}
