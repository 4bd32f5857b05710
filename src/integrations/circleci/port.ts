/**
 * Where texts of registry orbs come from: the repository's own `.circleci/orbs`, a mirror directory. Asked in order; the first
 * that has a fitting version wins. Reading is the only effect; both methods may be called at once and in any order.
 */
export interface OrbShelf {
  /** Versions at hand of `namespace/name`; empty when there is none. */
  versions(orb: string): Promise<string[]>;
  read(orb: string, version: string): Promise<string | undefined>;
}
