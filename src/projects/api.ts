import { z } from 'zod';
import { defineContract, pageOf, pageQuery } from '../platform/http/contract.ts';
import { slugPattern } from './project.ts';

const forges = ['github', 'gitlab', 'gitea'] as const;

/** A person as a commit names them; nothing about it is verified. */
const signatureSchema = z.object({ name: z.string(), email: z.string() });

export const commitSchema = z.object({
  sha: z.string(),
  parents: z.array(z.string()),
  author: signatureSchema,
  committer: signatureSchema,
  authoredAt: z.string(),
  committedAt: z.string(),
  /** First line. */
  subject: z.string(),
  /** The whole message. */
  message: z.string(),
});

export const remoteSchema = z.object({
  forge: z.enum(forges),
  /** Address it is fetched from, without credentials. */
  url: z.string(),
  /** Name of the project secret that holds the access token; null for public repositories. */
  tokenSecret: z.string().nullable(),
  webhookUrl: z.string(),
  lastSyncAt: z.string().nullable(),
  lastError: z.string().nullable(),
});

const settingsSchema = z.object({
  description: z.string().max(500),
  /** Largest push in bytes after which git is refused. */
  pushLimitBytes: z.number().int().min(1_000_000).max(20_000_000_000),
  /** Whether pull requests from forks are built at all; they never get secrets. */
  buildForks: z.boolean(),
  /** Whether a push cancels the unfinished runs of its branch; never on the default branch. */
  autoCancel: z.boolean(),
});

const projectSchema = z.object({
  id: z.uuid(),
  slug: z.string(),
  name: z.string(),
  defaultBranch: z.string(),
  ingestId: z.number().int(),
  /** Address SDKs send errors to. */
  dsn: z.string(),
  gitUrl: z.string(),
  settings: settingsSchema,
  remote: remoteSchema.nullable(),
  /** Head of the default branch; null while nothing was pushed. */
  head: z.string().nullable(),
  version: z.number().int(),
  createdAt: z.string(),
  updatedAt: z.string(),
});
export type ProjectView = z.output<typeof projectSchema>;

const slug = z.string().regex(slugPattern, 'A slug has 2 to 60 of a-z, 0-9 and single dashes inside');
const name = z.string().trim().min(1).max(100);
const branch = z.string().min(1).max(200);
const ofProject = z.object({ project: z.string().max(100) });
const atRef = { ref: z.string().max(300).optional() };
const done = z.object({ done: z.literal(true) });

/** Repositories and what is in them. `:project` is an id or a slug everywhere; `ref` a branch, tag or commit. */
export const projectsContract = defineContract('projects', {
  list: {
    method: 'GET',
    path: '/projects',
    summary: 'List projects',
    role: 'viewer',
    response: z.object({ items: z.array(projectSchema) }),
  },
  create: {
    method: 'POST',
    path: '/projects',
    summary: 'Create a project with an empty repository',
    role: 'maintainer',
    creates: true,
    body: z.object({ name, slug: slug.optional(), defaultBranch: branch.default('main') }),
    response: projectSchema,
  },
  get: {
    method: 'GET',
    path: '/projects/:project',
    summary: 'Show a project',
    role: 'viewer',
    params: ofProject,
    response: projectSchema,
    etag: 'version',
  },
  change: {
    method: 'PATCH',
    path: '/projects/:project',
    summary: 'Change a project',
    role: 'maintainer',
    params: ofProject,
    body: z.object({
      name: name.optional(),
      slug: slug.optional(),
      defaultBranch: branch.optional(),
      settings: settingsSchema.partial().optional(),
    }),
    response: projectSchema,
    etag: 'version',
  },
  remove: {
    method: 'DELETE',
    path: '/projects/:project',
    summary: 'Delete a project and its repository',
    role: 'owner',
    params: ofProject,
    response: done,
  },
  refs: {
    method: 'GET',
    path: '/projects/:project/refs',
    summary: 'List branches and tags with their newest commit',
    role: 'viewer',
    params: ofProject,
    response: z.object({
      items: z.array(
        z.object({
          kind: z.enum(['branch', 'tag']),
          name: z.string(),
          sha: z.string(),
          subject: z.string(),
          at: z.string(),
        }),
      ),
    }),
  },
  commits: {
    method: 'GET',
    path: '/projects/:project/commits',
    summary: 'List commits, newest first',
    role: 'viewer',
    params: ofProject,
    query: z.object({ ...pageQuery, ...atRef, path: z.string().max(1000).optional() }),
    response: pageOf(commitSchema),
  },
  commit: {
    method: 'GET',
    path: '/projects/:project/commits/:ref',
    summary: 'Show a commit and the paths it changed',
    role: 'viewer',
    params: ofProject.extend({ ref: z.string().max(300) }),
    response: commitSchema.extend({ changedFiles: z.array(z.string()) }),
  },
  compare: {
    method: 'GET',
    path: '/projects/:project/compare',
    summary: 'List commits and paths that changed between two commits',
    role: 'viewer',
    params: ofProject,
    query: z.object({ from: z.string().max(300), to: z.string().max(300) }),
    response: z.object({ commits: z.array(commitSchema), changedFiles: z.array(z.string()) }),
  },
  tree: {
    method: 'GET',
    path: '/projects/:project/tree',
    summary: 'List a directory',
    role: 'viewer',
    params: ofProject,
    query: z.object({ ...atRef, path: z.string().max(1000).default('') }),
    response: z.object({
      sha: z.string(),
      items: z.array(
        z.object({
          name: z.string(),
          path: z.string(),
          kind: z.enum(['file', 'directory', 'link', 'submodule']),
          executable: z.boolean(),
          /** Bytes; null for directories. */
          size: z.number().int().nullable(),
        }),
      ),
    }),
  },
  file: {
    method: 'GET',
    path: '/projects/:project/file',
    summary: 'Read a file (up to 5 MB)',
    role: 'viewer',
    params: ofProject,
    query: z.object({ ...atRef, path: z.string().max(1000) }),
    response: z.object({
      sha: z.string(),
      path: z.string(),
      size: z.number().int(),
      /** Whether it is not UTF-8 text; then `content` is base64. */
      binary: z.boolean(),
      content: z.string(),
    }),
  },
  connectRemote: {
    method: 'PUT',
    path: '/projects/:project/remote',
    summary: 'Mirror a repository of GitHub, GitLab or Gitea; the webhook secret is shown once',
    role: 'maintainer',
    reveals: true,
    params: ofProject,
    body: z.object({
      forge: z.enum(forges),
      url: z.string().max(1000),
      tokenSecret: z.string().max(100).nullable().default(null),
    }),
    response: remoteSchema.extend({ webhookSecret: z.string() }),
  },
  disconnectRemote: {
    method: 'DELETE',
    path: '/projects/:project/remote',
    summary: 'Stop mirroring; the repository stays',
    role: 'maintainer',
    params: ofProject,
    response: done,
  },
  sync: {
    method: 'POST',
    path: '/projects/:project/remote/sync',
    summary: 'Fetch from the remote now',
    role: 'developer',
    params: ofProject,
    response: z.object({ updated: z.array(z.object({ ref: z.string(), after: z.string().nullable() })) }),
  },
});
