const registry = /^([a-z0-9][\w.-]*\/[a-z0-9][\w.-]*)@(\S+)$/i;

/** What the text of an orb statement means. */
export type OrbReference = { kind: 'registry'; orb: string; version: string } | { kind: 'address'; address: string };

/** Reads `namespace/name@version` or an https address; undefined for anything else. */
export function readReference(text: string): OrbReference | undefined {
  const match = registry.exec(text);
  if (match) return { kind: 'registry', orb: match[1]!, version: match[2]! };
  return /^https:\/\/[^\s/]+\/\S+$/.test(text) ? { kind: 'address', address: text } : undefined;
}

/**
 * The version a reference means among those at hand: exactly that one, else the newest of its minor or major, or of all for
 * `volatile`.
 */
export function chooseVersion(wanted: string, available: string[]): string | undefined {
  if (available.includes(wanted)) return wanted;
  const parts = wanted === 'volatile' ? [] : wanted.split('.');
  if (wanted !== 'volatile' && !/^\d+(?:\.\d+)?$/.test(wanted)) return undefined;
  return available
    .filter(
      (version) => /^\d+\.\d+\.\d+$/.test(version) && parts.every((part, index) => version.split('.')[index] === part),
    )
    .sort(compareVersions)
    .at(-1);
}

function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((version) => version.split('.').map(Number));
  return left!.reduce((order, part, index) => order || part - (right![index] ?? 0), 0);
}

/** Where the text of an orb is kept below a shelf. Undefined for names that would lead out of it. */
export function shelfPath(reference: OrbReference): string | undefined {
  const path =
    reference.kind === 'registry'
      ? `${reference.orb}/${reference.version}/orb.yml`
      : `https/${reference.address.slice('https://'.length)}`;
  return /^[\w.:/@~+-]+$/.test(path) && !path.split('/').some((part) => part === '' || part === '..' || part === '.')
    ? path
    : undefined;
}
