/** A run of the system's git, as a value. `argv` is without `git` itself. */
export interface GitCommand {
  argv: string[];
  /** The whole environment: nothing is inherited. */
  env: Record<string, string>;
  cwd?: string | undefined;
}

/**
 * No configuration but the repository's own and what stands in the command, no prompts, no translated messages.
 * The repository is ours, whatever uid owns its files. Hooks run only where a command names them.
 */
const safeConfig: [string, string][] = [
  ['safe.directory', '*'],
  ['core.hooksPath', '/dev/null'],
  ['gc.auto', '0'],
  ['maintenance.auto', 'false'],
  ['core.fsync', 'committed,reference'],
  // A file of many megabytes goes through git in pieces, and packing keeps to so much memory for each thread.
  ['core.bigFileThreshold', '16m'],
  ['pack.windowMemory', '64m'],
];

/** The environment every git runs in: `PATH` and fixed values, with `config` as command-scope configuration. */
export function gitEnvironment(
  config: [string, string][] = [],
  more: Record<string, string> = {},
): Record<string, string> {
  const entries = [...safeConfig, ...config];
  const env: Record<string, string> = {
    PATH: process.env.PATH ?? '/usr/bin:/bin',
    HOME: '/nonexistent',
    LC_ALL: 'C.UTF-8',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_TERMINAL_PROMPT: '0',
    GIT_ASKPASS: '/bin/false',
    GIT_OPTIONAL_LOCKS: '0',
    GIT_CONFIG_COUNT: String(entries.length),
  };
  entries.forEach(([key, value], index) => {
    env[`GIT_CONFIG_KEY_${index}`] = key;
    env[`GIT_CONFIG_VALUE_${index}`] = value;
  });
  return { ...env, ...more };
}

const inRepository = (repository: string, ...argv: string[]): GitCommand => ({
  argv: [`--git-dir=${repository}`, ...argv],
  env: gitEnvironment(),
});

export function initBare(repository: string, defaultBranch: string): GitCommand {
  return {
    argv: ['init', '--quiet', '--bare', `--initial-branch=${defaultBranch}`, '--template=', repository],
    env: gitEnvironment(),
  };
}

export function setHead(repository: string, branch: string): GitCommand {
  return inRepository(repository, 'symbolic-ref', 'HEAD', `refs/heads/${branch}`);
}

/** Prints the commit a revision names (tags peeled); exits 1 in silence when there is none. */
export function resolveCommit(repository: string, revision: string): GitCommand {
  return inRepository(repository, 'rev-parse', '--verify', '--quiet', '--end-of-options', `${revision}^{commit}`);
}

/** Prints every branch and tag: ref, object, peeled object, time and subject, separated by NUL. */
export function listRefs(repository: string, patterns: string[] = ['refs/heads/', 'refs/tags/']): GitCommand {
  const fields = ['refname', 'objectname', '*objectname', 'creatordate:unix', 'contents:subject'];
  const format = fields.map((field) => `%(${field})`).join('%00');
  return inRepository(repository, 'for-each-ref', `--format=${format}`, ...patterns);
}

const commitFields = ['H', 'P', 'an', 'ae', 'at', 'cn', 'ce', 'ct', 'B'] as const;

/** Prints commits newest first, fields separated by 0x1f and commits by NUL. `not` leaves out what it can reach. */
export function log(
  repository: string,
  range: { to: string; not?: string | undefined; limit: number; skip?: number; path?: string | undefined },
): GitCommand {
  const format = commitFields.map((field) => `%${field}`).join('%x1f');
  return inRepository(
    repository,
    'log',
    '-z',
    `--format=${format}`,
    `--max-count=${range.limit}`,
    ...(range.skip ? [`--skip=${range.skip}`] : []),
    '--end-of-options',
    range.to,
    ...(range.not ? [`^${range.not}`] : []),
    '--',
    ...(range.path ? [`:(literal)${range.path}`] : []),
  );
}

/** Prints one tree level (or all levels), NUL-separated, with sizes. */
export function lsTree(
  repository: string,
  sha: string,
  options: { recursive: boolean; path?: string | undefined },
): GitCommand {
  const target = options.path ? `${sha}:${options.path}` : sha;
  const flags = options.recursive ? ['-r'] : [];
  return inRepository(repository, 'ls-tree', '-z', '-l', '--full-tree', ...flags, '--end-of-options', target);
}

/** Answers object names on stdin with their content on stdout, for as long as stdin stays open. */
export function catFileBatch(repository: string): GitCommand {
  return inRepository(repository, 'cat-file', '--batch');
}

/** A tar stream of a commit's files. */
export function archive(repository: string, sha: string): GitCommand {
  return inRepository(repository, 'archive', '--format=tar', sha);
}

/** Paths that differ between two commits, NUL-separated; against the empty tree when `from` is null. */
export function changedFiles(repository: string, from: string | null, to: string): GitCommand {
  return from === null
    ? inRepository(repository, 'ls-tree', '-z', '-r', '--name-only', '--full-tree', to)
    : inRepository(repository, 'diff', '-z', '--name-only', '--no-renames', '--no-ext-diff', from, to, '--');
}

/** Paths a commit changed against its first parent (or all of them, for a first commit), NUL-separated. */
export function changedByCommit(repository: string, sha: string): GitCommand {
  const flags = ['-z', '-r', '--root', '--no-commit-id', '--name-only', '--no-renames', '--first-parent', '-m'];
  return inRepository(repository, 'diff-tree', ...flags, sha);
}

/**
 * Prints the commit that last changed one line of a file (lines count from 1), with the line itself. What `not` can reach is
 * told as a boundary. Exits 128 when there is no such file or line.
 */
export function blameLine(
  repository: string,
  place: { sha: string; path: string; line: number; not: string | null },
): GitCommand {
  const range = place.not === null ? place.sha : `${place.not}..${place.sha}`;
  const flags = ['--porcelain', '--root', '-L', `${place.line},${place.line}`];
  return inRepository(repository, 'blame', ...flags, range, '--', place.path);
}

/** Prints the size of a file of a commit in bytes; exits 128 when there is none. */
export function sizeOfFile(repository: string, sha: string, path: string): GitCommand {
  return inRepository(repository, 'cat-file', '-s', `${sha}:${path}`);
}

export function mergeBase(repository: string, left: string, right: string): GitCommand {
  return inRepository(repository, 'merge-base', left, right);
}

/** Exits 0 when `ancestor` is reachable from `descendant`, 1 when not. */
export function isAncestor(repository: string, ancestor: string, descendant: string): GitCommand {
  return inRepository(repository, 'merge-base', '--is-ancestor', ancestor, descendant);
}

/** Packs loose objects and refs when there are many; safe beside pushes and fetches. */
export function housekeeping(repository: string): GitCommand {
  return {
    argv: [`--git-dir=${repository}`, 'gc', '--auto', '--quiet', '--no-detach'],
    env: gitEnvironment([['gc.auto', '2000']]),
  };
}

/** How long ago-broken objects from old authors of git are let in; each is harmless and found in real histories. */
const toleratedByFsck = ['missingSpaceBeforeDate', 'zeroPaddedFilemode', 'badTimezone', 'missingEmail', 'badDate'];

const serveConfig: [string, string][] = [
  ['uploadpack.allowFilter', 'true'],
  ['uploadpack.allowReachableSHA1InWant', 'true'],
  ['receive.autogc', 'false'],
  ['receive.fsckObjects', 'true'],
  ...toleratedByFsck.map((id): [string, string] => [`receive.fsck.${id}`, 'ignore']),
  // Only branches and tags may be pushed; git refuses the rest by itself.
  ['receive.hideRefs', 'refs/'],
  ['receive.hideRefs', '!refs/heads/'],
  ['receive.hideRefs', '!refs/tags/'],
];

export type Service = 'upload-pack' | 'receive-pack';

/** Lists refs to a client that is about to fetch or push. `protocol` is its Git-Protocol header. */
export function advertise(repository: string, service: Service, protocol: string | undefined): GitCommand {
  return {
    argv: [service, '--stateless-rpc', '--http-backend-info-refs', repository],
    env: gitEnvironment(serveConfig, protocolOf(protocol)),
  };
}

export function uploadPack(repository: string, protocol: string | undefined): GitCommand {
  return {
    argv: ['upload-pack', '--stateless-rpc', repository],
    env: gitEnvironment(serveConfig, protocolOf(protocol)),
  };
}

/** Takes a push of at most `limitBytes`. The hooks of `hooksDirectory` run with `hookEnvironment`. */
export function receivePack(
  repository: string,
  options: {
    protocol?: string | undefined;
    limitBytes: number;
    hooksDirectory: string;
    hookEnvironment: Record<string, string>;
  },
): GitCommand {
  const config: [string, string][] = [
    ...serveConfig,
    ['core.hooksPath', options.hooksDirectory],
    ['receive.maxInputSize', String(options.limitBytes)],
  ];
  return {
    argv: ['receive-pack', '--stateless-rpc', repository],
    env: gitEnvironment(config, { ...protocolOf(options.protocol), ...options.hookEnvironment }),
  };
}

/** The header is text from outside: only the form git itself sends goes on. */
function protocolOf(header: string | undefined): Record<string, string> {
  return header && /^version=\d(?::version=\d)*$/.test(header) ? { GIT_PROTOCOL: header } : {};
}

export interface RemoteAddress {
  url: string;
  /** Sent as Basic authentication by header; never part of an argument or of the repository's configuration. */
  credentials?: { user: string; password: string } | undefined;
  /** Also `file` in tests; a person's remote is always http or https. */
  protocols: string[];
}

function remoteEnvironment(remote: RemoteAddress): Record<string, string> {
  const config: [string, string][] = [
    ['http.followRedirects', 'initial'],
    ['http.lowSpeedLimit', '1000'],
    ['http.lowSpeedTime', '60'],
    ['fetch.fsckObjects', 'true'],
    ...toleratedByFsck.map((id): [string, string] => [`fetch.fsck.${id}`, 'ignore']),
  ];
  if (remote.credentials) {
    const { user, password } = remote.credentials;
    const encoded = Buffer.from(`${user}:${password}`).toString('base64');
    config.push([`http.${originOf(remote.url)}.extraHeader`, `Authorization: Basic ${encoded}`]);
  }
  return gitEnvironment(config, { GIT_ALLOW_PROTOCOL: remote.protocols.join(':') });
}

const originOf = (url: string): string => `${new URL(url).origin}/`;

/** Brings branches and tags (and `more` refspecs) here as they are there; what is gone there goes here too. */
export function fetchMirror(repository: string, remote: RemoteAddress, more: string[] = []): GitCommand {
  const refspecs = ['+refs/heads/*:refs/heads/*', '+refs/tags/*:refs/tags/*', ...more];
  const flags = ['--quiet', '--prune', '--no-tags', '--no-write-fetch-head', '--atomic', '--no-auto-gc'];
  return {
    argv: [`--git-dir=${repository}`, 'fetch', ...flags, '--end-of-options', remote.url, ...refspecs],
    env: remoteEnvironment(remote),
  };
}

/** Prints what the remote's HEAD points at. */
export function remoteHead(remote: RemoteAddress): GitCommand {
  return {
    argv: ['ls-remote', '--symref', '--end-of-options', remote.url, 'HEAD'],
    env: remoteEnvironment(remote),
  };
}
