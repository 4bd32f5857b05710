/**
 * How much of a repository a clone holds. `usual`: the run's commit, its branch, the default branch and all tags with their whole
 * history, and of other branches all but files of a megabyte or more. `full`: all of it. Or the last `depth` commits.
 */
export type Extent = 'usual' | 'full' | { depth: number };

export interface CloneRequest {
  /** A bare or ordinary repository on this machine. */
  repository: string;
  sha: string;
  branch?: string | undefined;
  tag?: string | undefined;
  defaultBranch: string;
  extent: Extent;
  /** Absent or empty. */
  directory: string;
  /** What `origin` is called in the clone. */
  url: string;
}

export interface ListedRef {
  name: string;
  object: string;
}

export interface CloneRefs {
  /** Their whole history is in the clone. */
  needed: ListedRef[];
  others: ListedRef[];
}

/** Arguments that print every branch and tag, as `parseRefList` reads them. */
export const listAllRefs = ['for-each-ref', '--format=%(objectname) %(refname)', 'refs/heads/', 'refs/tags/'];

export function parseRefList(text: string): ListedRef[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => ({ object: line.slice(0, line.indexOf(' ')), name: line.slice(line.indexOf(' ') + 1) }));
}

export function splitRefs(
  refs: readonly ListedRef[],
  request: Pick<CloneRequest, 'branch' | 'defaultBranch'>,
): CloneRefs {
  const heads = new Set([request.branch, request.defaultBranch].map((branch) => `refs/heads/${branch}`));
  const isNeeded = (ref: ListedRef): boolean => !ref.name.startsWith('refs/heads/') || heads.has(ref.name);
  return { needed: refs.filter(isNeeded), others: refs.filter((ref) => !isNeeded(ref)) };
}

/** What a repository keeps, as far as it decides how it is copied. */
interface Stored {
  files: readonly string[];
  bytes: number;
  loose: number;
  packed: number;
}

/** Milliseconds, measured on a machine with other things to do. A loose object is a file to open, whether it is copied or read. */
const copyingMs = (store: Stored): number => store.bytes / 300_000 + store.files.length * 0.4;
const walkingMs = (store: Stored): number => 40 + store.packed * 0.012 + store.loose * 0.15;

/**
 * Whether copying a whole object store takes less time than only finding out which of its objects are needed: history is slow to walk,
 * large files are slow to copy.
 */
export const copiesWhole = (store: Stored): boolean => copyingMs(store) <= walkingMs(store);

/** Whether copying a whole object store takes less time than packing all of it. */
export const copiesFaster = (store: Stored): boolean => copyingMs(store) <= walkingMs(store) + store.bytes / 150_000;

/** Arguments that name what the revisions on standard input reach; a file of a megabyte or more has `~` before its name. */
export const leftOutFrom = [
  'rev-list',
  '--objects',
  '--no-object-names',
  '--filter=blob:limit=1m',
  '--filter-print-omitted',
  '--stdin',
];

/** Constant, so no foreign word reaches the shell git starts it with. */
const uploadPack = "git -c safe.directory='*' -c uploadpack.allowAnySHA1InWant=true upload-pack";

/** Arguments that fetch the last commits by id: a branch may have moved on, or be gone. */
export function fetchShallow(repository: string, sha: string, depth: number): string[] {
  // Packs are kept as they come; unpacking them would compress everything again.
  const settings = ['-c', 'fetch.unpackLimit=1'];
  const from = `file://${repository}`;
  return [...settings, 'fetch', '--quiet', '--no-tags', `--upload-pack=${uploadPack}`, `--depth=${depth}`, from, sha];
}

/** The clone's refs as git keeps them packed: branches as `origin`'s, tags as they are. A shallow clone has those of its commit only. */
export function packedRefs(request: CloneRequest, refs: CloneRefs): string {
  const known =
    typeof request.extent === 'object'
      ? [
          ...(request.branch ? [{ name: `refs/heads/${request.branch}`, object: request.sha }] : []),
          ...(request.tag ? [{ name: `refs/tags/${request.tag}`, object: request.sha }] : []),
        ]
      : [...refs.needed, ...refs.others];
  return known
    .map(({ name, object }) => `${object} ${name.replace(/^refs\/heads\//, 'refs/remotes/origin/')}\n`)
    .join('');
}

const quoted = (text: string): string => `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;

/** What a clone's configuration says of `origin`. `partial`: what is missing of other branches can be had from there. */
export function cloneConfig(request: CloneRequest, partial: boolean): string {
  const lines = [
    '[remote "origin"]',
    `\turl = ${quoted(request.url)}`,
    '\tfetch = +refs/heads/*:refs/remotes/origin/*',
    ...(partial ? ['\tpromisor = true', '\tpartialclonefilter = blob:limit=1m'] : []),
    ...(request.branch
      ? [
          `[branch ${quoted(request.branch)}]`,
          '\tremote = origin',
          `\tmerge = ${quoted(`refs/heads/${request.branch}`)}`,
        ]
      : []),
  ];
  return `${lines.join('\n')}\n`;
}
