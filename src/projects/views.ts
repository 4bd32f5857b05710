import type { z } from 'zod';
import type { Commit, TreeEntry } from '../platform/git/output.ts';
import type { commitSchema, ProjectView, remoteSchema } from './api.ts';
import { dsnOf, type Project } from './project.ts';
import type { Remote } from './store.ts';

const iso = (ms: number): string => new Date(ms).toISOString();

/** A project as the API shows it. */
export function projectView(
  project: Project,
  remote: Remote | undefined,
  head: string | undefined,
  publicUrl: string,
): ProjectView {
  const { id, slug, name, defaultBranch, ingestId, settings, version } = project;
  return {
    id,
    slug,
    name,
    defaultBranch,
    ingestId,
    dsn: dsnOf(project, publicUrl),
    gitUrl: `${publicUrl}/git/${slug}.git`,
    settings,
    remote: remote ? remoteView(remote, publicUrl) : null,
    head: head ?? null,
    version,
    createdAt: iso(project.createdAt),
    updatedAt: iso(project.updatedAt),
  };
}

export function remoteView(remote: Remote, publicUrl: string): z.output<typeof remoteSchema> {
  return {
    forge: remote.forge as z.output<typeof remoteSchema>['forge'],
    url: remote.url,
    tokenSecret: remote.tokenSecret,
    webhookUrl: `${publicUrl}/hooks/${remote.forge}/${remote.projectId}`,
    lastSyncAt: remote.lastSyncAt === null ? null : iso(remote.lastSyncAt),
    lastError: remote.lastError,
  };
}

export function commitView(commit: Commit): z.output<typeof commitSchema> {
  const { sha, parents, author, committer, message } = commit;
  return {
    sha,
    parents,
    author,
    committer,
    authoredAt: iso(commit.authoredAt),
    committedAt: iso(commit.committedAt),
    subject: message.split('\n', 1)[0] ?? '',
    message,
  };
}

/** Directories first, then by name, as people look for them. */
export function entryViews(entries: TreeEntry[]) {
  return entries
    .map(({ path, kind, executable, size }) => ({
      name: path.slice(path.lastIndexOf('/') + 1),
      path,
      kind,
      executable,
      size,
    }))
    .sort((a, b) => Number(b.kind === 'directory') - Number(a.kind === 'directory') || (a.name < b.name ? -1 : 1));
}

/** A file's bytes as text when they are UTF-8, as base64 when not. */
export function contentView(bytes: Buffer): { size: number; binary: boolean; content: string } {
  const text = bytes.toString();
  const binary = bytes.includes(0) || !Buffer.from(text).equals(bytes);
  return { size: bytes.length, binary, content: binary ? bytes.toString('base64') : text };
}
