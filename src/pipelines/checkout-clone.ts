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

/** The git commands of a clone at a commit, in order. */
export function cloneCommands(request: CloneRequest): GitCommand[] {
  const env = gitEnvironment();
  const git = (...argv: string[]): GitCommand => ({ argv, cwd: request.directory, env });
  const depth = request.shallow ? ['--depth=1'] : [];
  const head = request.branch ? ['-B', request.branch] : ['--detach'];
  const refs = request.shallow
    ? [request.sha]
    : [request.sha, '+refs/heads/*:refs/remotes/origin/*', '+refs/tags/*:refs/tags/*'];
  return [
    git('init', '--quiet'),
    // Any commit of the repository may be asked for by its id, whether a branch still leads to it or not.
    {
      ...git(
        '-c',
        'protocol.file.allow=always',
        'fetch',
        '--quiet',
        '--no-tags',
        ...depth,
        `file://${request.repository}`,
        ...refs,
      ),
      env: {
        ...env,
        GIT_CONFIG_COUNT: '2',
        ...configuration('uploadpack.allowAnySHA1InWant', 'true', 0),
        ...configuration('safe.directory', '*', 1),
      },
    },
    git('checkout', '--quiet', '--force', ...head, request.sha),
    git('remote', 'add', 'origin', request.url),
    ...(request.branch && !request.shallow
      ? [
          git('config', `branch.${request.branch}.remote`, 'origin'),
          git('config', `branch.${request.branch}.merge`, `refs/heads/${request.branch}`),
        ]
      : []),
  ];
}

const configuration = (key: string, value: string, index: number): Record<string, string> => ({
  [`GIT_CONFIG_KEY_${index}`]: key,
  [`GIT_CONFIG_VALUE_${index}`]: value,
});

/** Makes a clone with its own `.git`, HEAD at the commit. */
export async function cloneAt(request: CloneRequest): Promise<void> {
  await mkdir(request.directory, { recursive: true });
  for (const command of cloneCommands(request)) await runGit(command, { timeoutMs: 600_000 });
}
