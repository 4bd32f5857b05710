import { execFile } from 'node:child_process';
import { cp, rm } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

const committer = { GIT_COMMITTER_NAME: 'Millrace demo', GIT_COMMITTER_EMAIL: 'demo@shop.example' };

export interface Author {
  name: string;
  email: string;
}

/** A team member's clone: made from a directory of files, committed to and pushed with the ordinary git. */
export interface WorkingCopy {
  directory: string;
  /** Commits everything; resolves to the commit's sha. */
  commit(author: Author, message: string): Promise<string>;
  /** Applies a mailed patch with its author and message, as a colleague's commit; resolves to the commit's sha. */
  apply(patch: string): Promise<string>;
  /** Makes a branch from what is checked out, and checks it out. */
  begin(branch: string): Promise<void>;
  /** Checks a branch out. */
  goTo(branch: string): Promise<void>;
  /** Pushes a branch; resolves to what git printed, the server's lines among it. */
  push(branch: string): Promise<string>;
  remove(): Promise<void>;
}

/**
 * Makes a repository from `source` in `directory` that pushes to `remote`. The token travels in a header of git's configuration given by
 * environment, so it appears in no command line and in no file.
 */
export async function createWorkingCopy(
  source: string,
  directory: string,
  remote: string,
  token: string,
): Promise<WorkingCopy> {
  const environment = {
    ...process.env,
    GIT_TERMINAL_PROMPT: '0',
    GIT_CONFIG_COUNT: '1',
    GIT_CONFIG_KEY_0: 'http.extraHeader',
    GIT_CONFIG_VALUE_0: `Authorization: Basic ${Buffer.from(`demo:${token}`).toString('base64')}`,
  };
  const git = async (args: string[], env: NodeJS.ProcessEnv = environment): Promise<string> => {
    const { stdout, stderr } = await run('git', args, { cwd: directory, env, maxBuffer: 16 * 1024 * 1024 });
    return stdout + stderr;
  };
  await cp(source, directory, {
    recursive: true,
    // What a developer's machine leaves behind is not part of the project.
    filter: (path) => !/(^|\/)(node_modules|__pycache__|\.venv)(\/|$)/.test(path.slice(source.length)),
  });
  await git(['init', '-q', '-b', 'main']);
  await git(['remote', 'add', 'origin', remote]);
  return {
    directory,
    async apply(patch) {
      // The commit is made now, whenever the patch was written.
      await git(['am', '-q', patch], { ...environment, ...committer });
      return (await git(['rev-parse', 'HEAD'])).trim();
    },
    async commit(author, message) {
      await git(['add', '-A']);
      await git(['commit', '-q', '-m', message], {
        ...environment,
        GIT_AUTHOR_NAME: author.name,
        GIT_AUTHOR_EMAIL: author.email,
        ...committer,
      });
      return (await git(['rev-parse', 'HEAD'])).trim();
    },
    begin: async (branch) => void (await git(['checkout', '-q', '-b', branch])),
    goTo: async (branch) => void (await git(['checkout', '-q', branch])),
    push: (branch) => git(['push', 'origin', branch]),
    remove: () => rm(directory, { recursive: true, force: true }),
  };
}
