import { listOf, objectOf, textOf } from '../lenient.ts';
import { readZip } from './zip.ts';

/** A file of an artifact bundle: a script as it is served, or its map. */
export interface BundleFile {
  kind: 'minified_source' | 'source_map';
  /** 32 hexadecimal digits; null for files found by release and address only. */
  debugId: string | null;
  /** `~/assets/index.js`: the address without its server. */
  url: string;
  /** For a script: the address of its map, as it names it. */
  map: string | null;
  body: Buffer;
}

export interface Bundle {
  release: string;
  dist: string;
  files: BundleFile[];
}

/** Bounds of what a bundle may hold. */
export const bundleLimits = { bytes: 128 * 1024 * 1024, members: 20_000, fileBytes: 64 * 1024 * 1024 } as const;

/** Reads an artifact bundle (a ZIP with `manifest.json`); text for what is wrong with it. Sources beside maps are not kept: maps carry them. */
export function readBundle(bytes: Buffer): Bundle | string {
  const entries = readZip(bytes, { members: bundleLimits.members, largest: bundleLimits.fileBytes });
  if (!entries) return 'the bundle is no ZIP archive, or holds too many files';
  const byName = new Map(entries.map((entry) => [entry.name, entry]));
  try {
    const manifest = objectOf(JSON.parse(byName.get('manifest.json')?.read().toString('utf8') ?? 'null'));
    if (!manifest) return 'the bundle has no manifest';
    const files: BundleFile[] = [];
    for (const [name, value] of Object.entries(objectOf(manifest.files) ?? {})) {
      const said = objectOf(value);
      const kind = said?.type;
      const entry = byName.get(name);
      if (!said || !entry || (kind !== 'minified_source' && kind !== 'source_map')) continue;
      const headers = headersOf(said.headers);
      files.push({
        kind,
        debugId: idOf(headers.get('debug-id') ?? said.debug_id),
        url: textOf(said.url, 1024) ?? name,
        map: headers.get('sourcemap') ?? headers.get('x-sourcemap') ?? null,
        body: entry.read(),
      });
    }
    return { release: textOf(manifest.release, 200) ?? '', dist: textOf(manifest.dist, 64) ?? '', files };
  } catch (error) {
    return `the bundle is damaged: ${(error as Error).message}`;
  }
}

function headersOf(value: unknown): Map<string, string> {
  const pairs = Array.isArray(value)
    ? listOf(value).map((pair) => listOf(pair))
    : Object.entries(objectOf(value) ?? {});
  return new Map(
    pairs.flatMap(([name, text]) => (typeof text === 'string' ? [[String(name).toLowerCase(), text]] : [])),
  );
}

/** A debug id as 32 hexadecimal digits. */
export function idOf(value: unknown): string | null {
  const hex = typeof value === 'string' ? value.replaceAll('-', '').toLowerCase() : '';
  return /^[0-9a-f]{32}$/.test(hex) ? hex : null;
}
