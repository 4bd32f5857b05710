import { join } from 'node:path';
import { type Actor, system } from '../kernel/events.ts';
import { newId } from '../kernel/ids.ts';
import { appendEvent } from '../platform/events/log.ts';
import { nameOfRef } from '../platform/git/refs.ts';
import * as git from '../platform/git/repository.ts';
import type { Transaction } from '../platform/postgres/database.ts';
import type { ProjectsDeps } from './deps.ts';
import { projectsEvents } from './events.ts';
import { readLimits } from './limits.ts';
import type { Project } from './project.ts';
import { readReceipts, throwAway } from './receipts.ts';
import { type Move, type ReceiptMove, settleRef } from './settle.ts';
import * as store from './store.ts';

export const repositoryPath = (dataDir: string, projectId: string): string =>
  join(dataDir, 'repos', `${projectId}.git`);
export const receiptsPath = (dataDir: string, projectId: string): string => join(dataDir, 'receipts', projectId);

export interface SettleOptions {
  /** Tell also moves that have no receipt: after a fetch, or when git was killed before its hook. */
  force: boolean;
  /** Who to name for moves without a receipt. */
  by: string;
  source: 'push' | 'remote';
  /** Take over what is there in silence, but for the default branch: the first fetch of a remote. */
  quietly?: boolean;
}

/** A ref that was told to have moved. */
export interface ToldMove {
  ref: string;
  after: string | null;
}

/**
 * Compares where the refs of a project stand with where the log says they are, and tells the difference: one
 * `push.received` for each move, exactly once, however often this runs and on however many servers.
 */
export async function settleProject(
  deps: ProjectsDeps,
  projectId: string,
  options: SettleOptions,
): Promise<ToldMove[]> {
  const repository = repositoryPath(deps.dataDir, projectId);
  const directory = receiptsPath(deps.dataDir, projectId);
  // Asked every few seconds: mostly there is nothing, and that costs no transaction.
  if (!options.force && (await readReceipts(directory)).length === 0) return [];
  const result = await deps.database.transaction(async (tx) => {
    const project = await store.lockProject(tx, projectId);
    if (!project) return undefined;
    const receipts = await readReceipts(directory);
    const known = await store.toldPushes(
      tx,
      receipts.flatMap((receipt) => receipt.moves.map((move) => move.pushId)),
    );
    const fresh = receipts.flatMap((receipt) => receipt.moves).filter((move) => !known.has(move.pushId));
    if (!options.force && fresh.length === 0) return { receipts, told: [] };
    const tips = await store.tipsOf(tx, projectId);
    const actual = options.force ? await refsNow(repository) : undefined;
    const names = new Set([...fresh.map((move) => move.ref), ...(actual ? [...actual.keys(), ...tips.keys()] : [])]);
    const adopted = await adoptDefaultBranch(tx, project, repository, tips, names);
    const told: ToldMove[] = [];
    const done = new Set<string>();
    for (const ref of names) {
      const mine = fresh.filter((move) => move.ref === ref);
      const force = actual ? { actual: actual.get(ref) ?? null } : undefined;
      const settled = settleRef(ref, tips.get(ref) ?? null, mine, force);
      if (settled.told.length === 0) continue;
      for (const { move, receipt } of settled.told) {
        if (receipt) done.add((move as ReceiptMove).pushId);
        const isDefault = ref === `refs/heads/${adopted.defaultBranch}`;
        if (options.quietly && !isDefault) continue;
        if (await tell(tx, adopted, repository, move, options)) told.push({ ref, after: move.after });
      }
      await store.saveTip(tx, projectId, ref, settled.tip);
    }
    const whole = receipts.filter((receipt) =>
      receipt.moves.every((move) => known.has(move.pushId) || done.has(move.pushId)),
    );
    return { receipts: whole, told };
  });
  // Only now: before the commit, the receipt is all there is.
  if (result) await throwAway(result.receipts);
  return result?.told ?? [];
}

async function refsNow(repository: string): Promise<Map<string, string>> {
  return new Map((await git.refs(repository)).map((ref) => [ref.name, ref.object]));
}

/** Taken for the default branch when a first push brings several and the expected one is not among them. */
const usualDefaults = ['main', 'master', 'trunk'];

/** A first push of `master` to a project that expected `main` makes `master` its default branch. */
async function adoptDefaultBranch(
  tx: Transaction,
  project: Project,
  repository: string,
  tips: Map<string, string>,
  names: Set<string>,
): Promise<Project> {
  const prefix = 'refs/heads/';
  const pushed = [...names].filter((ref) => ref.startsWith(prefix)).map((ref) => ref.slice(prefix.length));
  const isEmpty = [...tips.keys()].every((ref) => !ref.startsWith(prefix));
  const defaultBranch = usualDefaults.find((branch) => pushed.includes(branch)) ?? pushed[0];
  if (!isEmpty || defaultBranch === undefined || pushed.includes(project.defaultBranch)) return project;
  await git.setDefaultBranch(repository, defaultBranch);
  return (await store.updateProject(tx, { ...project, defaultBranch })) ?? project;
}

/** Appends one move as a fact. False when it was told before, or is nobody's concern (a tag of something but a commit). */
async function tell(
  tx: Transaction,
  project: Project,
  repository: string,
  move: Move | ReceiptMove,
  options: SettleOptions,
): Promise<boolean> {
  const receipt = 'pushId' in move ? move : undefined;
  const pushId = receipt?.pushId ?? newId();
  const pusher = receipt?.pusher ?? { personId: null, name: options.by };
  const name = nameOfRef(move.ref);
  if (!name || !(await store.insertPush(tx, pushId, project.id, move.ref))) return false;
  const peel = (sha: string | null): Promise<string | undefined> | undefined =>
    sha === null ? undefined : git.resolve(repository, sha);
  const after = await peel(move.after);
  if (move.after !== null && after === undefined) return false;
  const before = await peel(move.before);
  const actor: Actor = pusher.personId
    ? { kind: 'person', id: pusher.personId, name: pusher.name }
    : system(pusher.name);
  await appendEvent(tx, projectsEvents, 'push.received', {
    subject: `push:${pushId}`,
    projectId: project.id,
    actor,
    data: {
      pushId,
      projectId: project.id,
      runId: receipt?.runId ?? newId(),
      ref: move.ref,
      ...name,
      // A commit that was rewritten and collected meanwhile is still named.
      before: before ?? move.before,
      after: after ?? null,
      commits: after ? await newCommits(project, repository, move.ref, before, after) : [],
      forced: before !== undefined && after !== undefined && !(await git.isAncestor(repository, before, after)),
      pusher,
      source: options.source,
    },
  });
  return true;
}

/** What came in with a move; a new branch brings what the default branch does not have. */
async function newCommits(
  project: Project,
  repository: string,
  ref: string,
  before: string | undefined,
  after: string,
): Promise<{ sha: string; author: { name: string; email: string }; message: string; at: string }[]> {
  const onDefault = ref === `refs/heads/${project.defaultBranch}`;
  const known =
    before ?? (onDefault ? undefined : await git.resolve(repository, `refs/heads/${project.defaultBranch}`));
  const limit = readLimits.commitsInFact;
  const commits = await git.commits(repository, { to: after, not: known, limit });
  return commits.map((commit) => ({
    sha: commit.sha,
    author: commit.author,
    message: commit.message.slice(0, 2000),
    at: new Date(commit.authoredAt).toISOString(),
  }));
}
