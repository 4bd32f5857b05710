/** A version as `package@1.2.3-rc.1+build` writes it (Semantic Versioning 2.0.0, with a package before it). */
interface Version {
  package: string;
  /** Major, minor, patch. */
  numbers: [number, number, number];
  /** Empty for a full release. */
  preview: string[];
  /** Compared last, where both are numbers: clients count their builds. */
  build: number | null;
}

const written =
  /^(?:([^\s@]+)@)?v?(\d{1,9})\.(\d{1,9})(?:\.(\d{1,9}))?(?:-([0-9A-Za-z.-]{1,64}))?(?:\+([0-9A-Za-z.-]{1,64}))?$/;

function readVersion(release: string): Version | null {
  const found = written.exec(release);
  if (!found) return null;
  const build = found[6] ?? '';
  return {
    package: found[1] ?? '',
    numbers: [Number(found[2]), Number(found[3]), Number(found[4] ?? 0)],
    preview: found[5] === undefined ? [] : found[5].split('.'),
    build: /^\d{1,15}$/.test(build) ? Number(build) : null,
  };
}

/**
 * Which of two releases is the newer, by their versions: above 0 when `one` is, 0 when they are the same version, null when they are no
 * versions of one package.
 */
export function compareReleases(one: string, other: string): number | null {
  const [a, b] = [readVersion(one), readVersion(other)];
  if (!a || !b || a.package !== b.package) return null;
  for (const index of [0, 1, 2] as const) {
    if (a.numbers[index] !== b.numbers[index]) return a.numbers[index] - b.numbers[index];
  }
  return comparePreviews(a.preview, b.preview) || (a.build !== null && b.build !== null ? a.build - b.build : 0);
}

/** A full release is newer than its previews; their parts compare as numbers where both are, numbers before words. */
function comparePreviews(one: string[], other: string[]): number {
  if (one.length === 0 || other.length === 0) return other.length - one.length;
  for (let index = 0; index < Math.max(one.length, other.length); index += 1) {
    const [a, b] = [one[index], other[index]];
    if (a === undefined || b === undefined) return a === undefined ? -1 : 1;
    if (a === b) continue;
    const [aIsNumber, bIsNumber] = [/^\d+$/.test(a), /^\d+$/.test(b)];
    if (aIsNumber && bIsNumber) return Number(a) - Number(b);
    if (aIsNumber !== bIsNumber) return aIsNumber ? -1 : 1;
    return a < b ? -1 : 1;
  }
  return 0;
}
