import { shaOrNull } from './refs.ts';

export interface Signature {
  name: string;
  email: string;
}

export interface Commit {
  sha: string;
  parents: string[];
  author: Signature;
  committer: Signature;
  /** Unix milliseconds. */
  authoredAt: number;
  committedAt: number;
  message: string;
}

export interface Ref {
  /** Full: `refs/heads/main`. */
  name: string;
  /** What it points at; for an annotated tag the tag object. */
  object: string;
  /** The object a tag stands for; the same as `object` otherwise. */
  target: string;
  /** Unix milliseconds. */
  at: number;
  subject: string;
}

export interface TreeEntry {
  path: string;
  kind: 'file' | 'directory' | 'link' | 'submodule';
  executable: boolean;
  sha: string;
  /** Bytes; null unless it is a file or link. */
  size: number | null;
}

/** Reads the output of `log`. Commits whose fields are damaged are left out. */
export function parseLog(output: Buffer): Commit[] {
  const commits: Commit[] = [];
  for (const record of output.toString().split('\0')) {
    const [sha, parents, an, ae, at, cn, ce, ct, ...body] = record.split('\x1f');
    if (!sha?.trim() || ct === undefined) continue;
    commits.push({
      sha: sha.trim(),
      parents: parents ? parents.split(' ') : [],
      author: { name: an!, email: ae! },
      committer: { name: cn!, email: ce! },
      authoredAt: Number(at) * 1000,
      committedAt: Number(ct) * 1000,
      // A body may hold 0x1f itself.
      message: body.join('\x1f').trimEnd(),
    });
  }
  return commits;
}

/** Reads the output of `listRefs`. */
export function parseRefs(output: Buffer): Ref[] {
  const refs: Ref[] = [];
  for (const line of output.toString().split('\n')) {
    const [name, object, peeled, at, subject] = line.split('\0');
    if (!name || !object) continue;
    refs.push({ name, object, target: peeled || object, at: Number(at || 0) * 1000, subject: subject ?? '' });
  }
  return refs;
}

/** Reads the output of `lsTree`; `parent` is put in front of the paths. */
export function parseTree(output: Buffer, parent = ''): TreeEntry[] {
  const entries: TreeEntry[] = [];
  for (const record of output.toString().split('\0')) {
    const tab = record.indexOf('\t');
    if (tab < 0) continue;
    const [mode, type, sha, size] = record.slice(0, tab).split(/ +/);
    const kind = type === 'tree' ? 'directory' : type === 'commit' ? 'submodule' : mode === '120000' ? 'link' : 'file';
    entries.push({
      path: (parent === '' ? '' : `${parent}/`) + record.slice(tab + 1),
      kind,
      executable: mode === '100755',
      sha: sha ?? '',
      size: type === 'blob' ? Number(size) : null,
    });
  }
  return entries;
}

/** Reads NUL-separated paths. */
export function parsePaths(output: Buffer): string[] {
  return output
    .toString()
    .split('\0')
    .filter((path) => path !== '');
}

/** A line of a file, and the commit that last changed it. */
export interface BlamedLine {
  sha: string;
  text: string;
}

/** Reads the output of `blameLine`; undefined when the line is older than the commits asked for. */
export function parseBlame(output: Buffer): BlamedLine | undefined {
  const [head, ...rest] = output.toString().split('\n');
  const [, sha] = /^([0-9a-f]{40,64}) \d+ \d+/.exec(head ?? '') ?? [];
  const text = rest.find((line) => line.startsWith('\t'));
  if (sha === undefined || text === undefined || rest.includes('boundary')) return undefined;
  return { sha, text: text.slice(1).replace(/\r$/, '') };
}

export interface RefMove {
  ref: string;
  /** Object before and after; null where there is none. */
  before: string | null;
  after: string | null;
}

/** Reads `<old> <new> <ref>` lines as git gives them to hooks. Lines of another form are left out. */
export function parseMoves(text: string): RefMove[] {
  const moves: RefMove[] = [];
  for (const line of text.split('\n')) {
    const match = /^([0-9a-f]{40,64}) ([0-9a-f]{40,64}) (refs\/.+)$/.exec(line);
    if (match) moves.push({ before: shaOrNull(match[1]!), after: shaOrNull(match[2]!), ref: match[3]! });
  }
  return moves;
}

/** The branch that the output of `remoteHead` names, if any. */
export function parseRemoteHead(output: Buffer): string | undefined {
  return /^ref: refs\/heads\/(\S+)\tHEAD$/m.exec(output.toString())?.[1];
}
