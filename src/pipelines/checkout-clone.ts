import { mkdir } from 'node:fs/promises';
import { type GitCommand, gitEnvironment } from '../platform/git/commands.ts';
import { runGit } from '../platform/git/run.ts';

export interface CloneRequest {
  /** A bare or ordinary repository on this machine. */
  repository: string;
  sha: string;
  branch?: string | undefined;
  tag?: string | undefined;
  shallow: boolean;
  directory: string;
  /** What `origin` is called in the clone. */
  url: string;
}

/**
 * Constant, so no foreign word reaches the shell git starts it with. What is not packed yet is sent as it is: the way is this
 * machine's own disk, and packing it tightly takes minutes of processor for large files.
 */
const uploadPack =
  "git -c safe.directory='*' -c uploadpack.allowAnySHA1InWant=true -c pack.window=0 -c pack.compression=0 upload-pack";

/** The git commands of a clone at a commit, in order. */
export function cloneCommands(request: CloneRequest): GitCommand[] {
  const env = gitEnvironment([['protocol.file.allow', 'always']]);
  const git = (...argv: string[]): GitCommand => ({ argv, cwd: request.directory, env });
  const depth = request.shallow ? ['--depth=1'] : [];
  const head = request.branch ? ['-B', request.branch] : ['--detach'];
  // The commit by its id: a branch may have moved on, or be gone.
  const refs = [request.sha, '+refs/heads/*:refs/remotes/origin/*', '+refs/tags/*:refs/tags/*'];
  const track = (name: string, value: string): GitCommand => git('config', `branch.${request.branch}.${name}`, value);
  return [
    git('init', '--quiet'),
    git(
      'fetch',
      '--quiet',
      '--no-tags',
      `--upload-pack=${uploadPack}`,
      ...depth,
      `file://${request.repository}`,
      ...(request.shallow ? refs.slice(0, 1) : refs),
    ),
    git('checkout', '--quiet', '--force', ...head, request.sha),
    git('remote', 'add', 'origin', request.url),
    ...(request.branch && !request.shallow
      ? [track('remote', 'origin'), track('merge', `refs/heads/${request.branch}`)]
      : []),
  ];
}

/** Makes a clone with its own `.git`, HEAD at the commit. */
export async function cloneAt(request: CloneRequest): Promise<void> {
  await mkdir(request.directory, { recursive: true });
  // A clone of much takes minutes, and must not go on when its server is gone.
  for (const command of cloneCommands(request)) await runGit(command, { timeoutMs: 600_000, guarded: true });
}
