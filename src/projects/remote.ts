import type { Actor } from '../kernel/events.ts';
import { system } from '../kernel/events.ts';
import { Fault } from '../kernel/faults.ts';
import { newToken } from '../platform/crypto/tokens.ts';
import { appendEvent } from '../platform/events/log.ts';
import type { RemoteAddress } from '../platform/git/commands.ts';
import { parseRemoteHead } from '../platform/git/output.ts';
import { isRefName } from '../platform/git/refs.ts';
import * as git from '../platform/git/repository.ts';
import { missingProject } from './change-projects.ts';
import type { ProjectsDeps } from './deps.ts';
import { projectsEvents } from './events.ts';
import type { Forge } from './port.ts';
import { repositoryPath, settleProject, type ToldMove } from './record-pushes.ts';
import * as store from './store.ts';

/** Where the sealed webhook secret of a project belongs; sealed elsewhere, it does not open here. */
export const webhookPlace = (projectId: string): string => `projects/${projectId}/webhook`;

export interface NewRemote {
  forge: Forge['name'];
  url: string;
  tokenSecret: string | null;
}

/**
 * Makes a project the mirror of a repository elsewhere. Its branches take the place of what is here; whatever was
 * pushed here before must be there too. The webhook secret is new each time and returned once.
 */
export async function connectRemote(
  deps: ProjectsDeps,
  projectId: string,
  input: NewRemote,
  actor: Actor,
): Promise<{ remote: store.Remote; webhookSecret: string }> {
  const url = checkRemoteUrl(input.url);
  const webhookSecret = newToken('');
  const remote = await deps.database.transaction(async (tx) => {
    if (!(await store.lockProject(tx, projectId))) throw missingProject(projectId);
    await store.saveRemote(tx, {
      projectId,
      forge: input.forge,
      url,
      tokenSecret: input.tokenSecret,
      webhookSecret: deps.keyring.seal(webhookSecret, webhookPlace(projectId)),
    });
    await appendEvent(tx, projectsEvents, 'remote.connected', {
      subject: `project:${projectId}`,
      projectId,
      actor,
      data: { projectId, forge: input.forge, url },
    });
    return (await store.remoteOf(tx, projectId))!;
  });
  return { remote, webhookSecret };
}

export async function disconnectRemote(deps: ProjectsDeps, projectId: string, actor: Actor): Promise<void> {
  await deps.database.transaction(async (tx) => {
    await store.lockProject(tx, projectId);
    const remote = await store.remoteOf(tx, projectId);
    if (!remote) throw noRemoteFault();
    await store.deleteRemote(tx, projectId);
    await appendEvent(tx, projectsEvents, 'remote.disconnected', {
      subject: `project:${projectId}`,
      projectId,
      actor,
      data: { projectId, forge: remote.forge, url: remote.url },
    });
  });
}

/** Only http and https, no credentials in the address (they would show in logs), no other oddities. */
export function checkRemoteUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol) || url.search || url.hash) {
    throw new Fault('invalid', 'This is not the https address of a git repository', {
      code: 'projects.remote-url',
      hint: 'Give an address like https://github.com/team/shop.git.',
    });
  }
  if (url.username || url.password) {
    throw new Fault('invalid', 'An address must not hold a password or token', {
      code: 'projects.remote-credentials',
      hint: 'Keep the token as a secret of the project and name that secret.',
    });
  }
  return url.toString();
}

const noRemoteFault = (): Fault =>
  new Fault('conflict', 'This project mirrors nothing', {
    code: 'projects.no-remote',
    hint: 'Connect a remote first.',
  });

/** Fetches of this process, one at a time for each project. */
const underWay = new Map<string, Promise<unknown>>();

/**
 * Fetches everything from the project's remote and tells what moved, in the name of `by`. Faults: `conflict` without a
 * remote, `unavailable` when the remote refuses; the latter is also told to the log, once until it works again.
 */
export async function syncRemote(deps: ProjectsDeps, projectId: string, by: string): Promise<ToldMove[]> {
  const before = underWay.get(projectId) ?? Promise.resolve();
  const mine = before.then(() => fetchAndTell(deps, projectId, by));
  const quiet = mine.catch(() => undefined);
  underWay.set(projectId, quiet);
  try {
    return await mine;
  } finally {
    if (underWay.get(projectId) === quiet) underWay.delete(projectId);
  }
}

async function fetchAndTell(deps: ProjectsDeps, projectId: string, by: string): Promise<ToldMove[]> {
  const remote = await store.remoteOf(deps.database, projectId);
  const forge = deps.forges.find((each) => each.name === remote?.forge);
  if (!remote || !forge) throw noRemoteFault();
  const repository = repositoryPath(deps.dataDir, projectId);
  try {
    const address = await addressOf(deps, remote, forge);
    if (remote.lastSyncAt === null) await followHead(deps, projectId, address);
    await git.fetchMirror(repository, address, [forge.pullRequestRefspec]);
  } catch (error) {
    await noteFailure(deps, remote, error as Error);
    throw error;
  }
  const quietly = remote.lastSyncAt === null;
  const told = await settleProject(deps, projectId, { force: true, by, source: 'remote', quietly });
  await store.saveSync(deps.database, projectId, null);
  return told;
}

async function addressOf(deps: ProjectsDeps, remote: store.Remote, forge: Forge): Promise<RemoteAddress> {
  const address = { url: remote.url, protocols: ['http', 'https'] };
  if (!remote.tokenSecret) return address;
  const password = await deps.remoteTokens.read(remote.projectId, remote.tokenSecret);
  if (password !== undefined) return { ...address, credentials: { user: forge.tokenUser, password } };
  throw new Fault('conflict', `The project has no secret "${remote.tokenSecret}"`, {
    code: 'projects.remote-token',
    hint: 'Set it under Settings, Secrets, or connect the remote without a token.',
  });
}

/** The default branch becomes the remote's, at the first fetch. */
async function followHead(deps: ProjectsDeps, projectId: string, address: RemoteAddress): Promise<void> {
  const branch = parseRemoteHead(await git.remoteHead(address));
  if (!branch || !isRefName(branch)) return;
  await deps.database.transaction(async (tx) => {
    const project = await store.lockProject(tx, projectId);
    if (!project || project.defaultBranch === branch) return;
    await git.setDefaultBranch(repositoryPath(deps.dataDir, projectId), branch);
    await store.updateProject(tx, { ...project, defaultBranch: branch });
  });
}

async function noteFailure(deps: ProjectsDeps, remote: store.Remote, error: Error): Promise<void> {
  const { projectId, url } = remote;
  await store.saveSync(deps.database, projectId, error.message);
  if (remote.lastError !== null) return;
  await deps.database.transaction((tx) =>
    appendEvent(tx, projectsEvents, 'remote.sync-failed', {
      subject: `project:${projectId}`,
      projectId,
      actor: system('projects'),
      data: { projectId, url, reason: error.message },
    }),
  );
}

/** Seals the webhook secrets anew that are still under an older key. Resolves to how many. */
export async function resealWebhooks(deps: ProjectsDeps): Promise<number> {
  let count = 0;
  for (const remote of (await store.remotesByProject(deps.database)).values()) {
    if (remote.webhookSecret.split('.')[1] === deps.keyring.currentKeyId()) continue;
    const sealed = await deps.keyring.rewrap(remote.webhookSecret, webhookPlace(remote.projectId));
    await store.replaceWebhookSecret(deps.database, remote, sealed);
    count += 1;
  }
  return count;
}
