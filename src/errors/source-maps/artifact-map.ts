import { objectOf, textOf } from '../lenient.ts';
import { idOf } from './bundle.ts';

/** Bounds of what is taken from one run. Bytes before they are packed. */
export const artifactMapLimits = { files: 1000, fileBytes: 32 * 1024 * 1024, bytes: 256 * 1024 * 1024 } as const;

/** A source map among the artifacts of a run. */
export interface ArtifactMap {
  /** Name of the script it is of: `index-leVXUUtB.js`. */
  script: string;
  /** `~/dist/assets/index-leVXUUtB.js`: the script as if the artifacts were served. */
  url: string;
  /** 32 hexadecimal digits; null where no tool gave it one. */
  debugId: string | null;
}

/** A map that may be meant: where its script stood among the artifacts, and the release they became. */
export interface KeptMap {
  id: string;
  url: string;
  release: string;
}

/** Whether the name of an artifact is that of a script's map. */
export const isMapName = (path: string): boolean => /\.[cm]?js\.map$/i.test(path);

/** What a map is of; null when the text is none. The map's own word for its script counts before the name of its file. */
export function readArtifactMap(path: string, text: string): ArtifactMap | null {
  let map: Record<string, unknown> | null;
  try {
    map = objectOf(JSON.parse(text.startsWith(')]}') ? text.slice(text.indexOf('\n') + 1) : text));
  } catch {
    return null;
  }
  if (!map || (typeof map.mappings !== 'string' && !Array.isArray(map.sections))) return null;
  const folders = path.split('/').filter((part) => part !== '' && part !== '.');
  const file = folders.pop() ?? '';
  const script = textOf(map.file, 1024)?.split('/').pop() || file.replace(/\.map$/i, '');
  return {
    script,
    url: `~/${[...folders, script].join('/')}`,
    debugId: idOf(map.debug_id ?? map.debugId),
  };
}

/**
 * Whether bundlers named a script by its content, so that one name means one script for ever: hexadecimal digits (webpack, Parcel), base 32
 * (esbuild) or base 64 (Rollup, Vite), eight or more, before the ending.
 */
export function isNamedByContent(script: string): boolean {
  const name = /([^/]+)\.[cm]?js$/.exec(script)?.[1] ?? '';
  const ends = [...name.matchAll(/[.-]/g)].map(({ index }) => name.slice(index + 1));
  // Base 64 has a dash of its own, and is eight long unless someone wants it otherwise.
  return ends.some((end) => end.length >= 8 && (end.length === 8 || !end.includes('-')) && isHash(end));
}

/** How people write: `checkout`, `CartView`, `version2`. */
const written = /^[A-Z]?[a-z]*(?:[A-Z][a-z]+)*\d*$/;

function isHash(text: string): boolean {
  if (/^[0-9a-f]+$/.test(text) || /^[A-Z2-7]+$/.test(text)) return /\d/.test(text);
  if (!/^[\w-]+$/.test(text) || !/[a-z]/.test(text) || !/[A-Z]/.test(text)) return false;
  return text.split(/[-_]/).some((part) => !written.test(part));
}

/**
 * The map that is meant for a script at an address, of those whose script has its name (newest first): of its release, or of any where the
 * name tells the content. The one that shares most of the path's end counts; none does when two share as much, for a wrong map is worse than none.
 */
export function closestMap(maps: readonly KeptMap[], url: string, release: string): KeptMap | null {
  const own = release === '' ? [] : maps.filter((map) => map.release === release);
  if (own.length === 0) return isNamedByContent(url) ? (maps[0] ?? null) : null;
  const shares = own.map((map) => sharedEnd(map.url, url));
  const most = Math.max(...shares);
  const best = own.filter((_, index) => shares[index] === most);
  return new Set(best.map((map) => map.url)).size === 1 || isNamedByContent(url) ? (best[0] ?? null) : null;
}

/** How many last parts two paths have in common. */
function sharedEnd(one: string, other: string): number {
  const [a, b] = [one.split('/').reverse(), other.split('/').reverse()];
  const differs = a.findIndex((part, index) => part !== b[index]);
  return differs < 0 ? a.length : differs;
}
