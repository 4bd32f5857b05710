import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import type { Actor } from '../kernel/events.ts';
import { Fault } from '../kernel/faults.ts';
import { newId } from '../kernel/ids.ts';
import { appendEvent } from '../platform/events/log.ts';
import { isRefName } from '../platform/git/refs.ts';
import * as git from '../platform/git/repository.ts';
import type { ProjectsDeps } from './deps.ts';
import { projectsEvents } from './events.ts';
import { checkSlug, defaultSettings, type Project, type ProjectSettings, slugOf } from './project.ts';
import { receiptsPath, repositoryPath } from './record-pushes.ts';
import * as store from './store.ts';

export interface NewProject {
  name: string;
  /** Default: made from the name. */
  slug?: string | undefined;
  /** Default `main`; the first push may choose another. */
  defaultBranch?: string | undefined;
}

/** Makes a project with an empty repository. Faults: `invalid` slug or branch, `conflict` when the slug is taken. */
export async function createProject(deps: ProjectsDeps, input: NewProject, actor: Actor): Promise<Project> {
  const slug = checkSlug(input.slug ?? slugOf(input.name));
  const defaultBranch = checkBranch(input.defaultBranch ?? 'main');
  const id = newId();
  return deps.database.transaction(async (tx) => {
    const publicKey = randomBytes(16).toString('hex');
    const fresh = { id, slug, name: input.name, defaultBranch, publicKey, settings: defaultSettings };
    const project = await store.insertProject(tx, fresh);
    if (!project) throw takenFault(slug);
    // Before the commit: a project that is seen has its repository. Left over by a crash, it is an empty directory.
    await git.createRepository(repositoryPath(deps.dataDir, id), defaultBranch);
    await appendEvent(tx, projectsEvents, 'project.created', {
      subject: `project:${id}`,
      projectId: id,
      actor,
      data: { projectId: id, slug, name: project.name },
    });
    return project;
  });
}

export interface ProjectChange {
  name?: string | undefined;
  slug?: string | undefined;
  defaultBranch?: string | undefined;
  settings?: { [Field in keyof ProjectSettings]?: ProjectSettings[Field] | undefined } | undefined;
}

/** Changes a project. `expectedVersion` is the ETag the person saw; a `stale` Fault when it changed meanwhile. */
export async function changeProject(
  deps: ProjectsDeps,
  id: string,
  change: ProjectChange,
  expectedVersion: string | undefined,
  actor: Actor,
): Promise<Project> {
  if (change.slug !== undefined) checkSlug(change.slug);
  if (change.defaultBranch !== undefined) checkBranch(change.defaultBranch);
  return deps.database.transaction(async (tx) => {
    const project = await store.lockProject(tx, id);
    if (!project) throw missingProject(id);
    if (expectedVersion !== undefined && expectedVersion !== String(project.version)) {
      throw new Fault('stale', 'The project was changed by someone else meanwhile', {
        code: 'projects.stale',
        hint: 'Load it again and repeat the change.',
      });
    }
    const next = applyChange(project, change);
    const changed = changedFields(project, next);
    if (changed.length === 0) return project;
    const other = await store.projectBySlug(tx, next.slug);
    if (other && other.id !== id) throw takenFault(next.slug);
    if (next.defaultBranch !== project.defaultBranch) {
      await git.setDefaultBranch(repositoryPath(deps.dataDir, id), next.defaultBranch);
    }
    const saved = await store.updateProject(tx, next);
    await appendEvent(tx, projectsEvents, 'project.changed', {
      subject: `project:${id}`,
      projectId: id,
      actor,
      data: { projectId: id, slug: next.slug, changed },
    });
    return saved ?? next;
  });
}

function applyChange(project: Project, change: ProjectChange): Project {
  const given = Object.entries(change.settings ?? {}).filter(([, value]) => value !== undefined);
  return {
    ...project,
    name: change.name ?? project.name,
    slug: change.slug ?? project.slug,
    defaultBranch: change.defaultBranch ?? project.defaultBranch,
    settings: { ...project.settings, ...Object.fromEntries(given) },
  };
}

function changedFields(before: Project, after: Project): string[] {
  const top = (['name', 'slug', 'defaultBranch'] as const).filter((field) => before[field] !== after[field]);
  const fields = Object.keys(after.settings) as (keyof ProjectSettings)[];
  const settings = fields.filter((field) => before.settings[field] !== after.settings[field]);
  return [...top, ...settings.map((field) => `settings.${field}`)];
}

/** Deletes a project, its repository and everything other rooms keep under its id (they hear of it). */
export async function removeProject(deps: ProjectsDeps, id: string, actor: Actor): Promise<void> {
  await deps.database.transaction(async (tx) => {
    const project = await store.lockProject(tx, id);
    if (!project) throw missingProject(id);
    await store.deleteProject(tx, id);
    await appendEvent(tx, projectsEvents, 'project.deleted', {
      subject: `project:${id}`,
      projectId: id,
      actor,
      data: { projectId: id, slug: project.slug, name: project.name },
    });
  });
  await rm(repositoryPath(deps.dataDir, id), { recursive: true, force: true });
  await rm(receiptsPath(deps.dataDir, id), { recursive: true, force: true });
}

function checkBranch(name: string): string {
  if (isRefName(name) && name !== 'HEAD') return name;
  throw new Fault('invalid', `"${name}" cannot be a branch`, { code: 'projects.branch' });
}

export const missingProject = (idOrSlug: string): Fault =>
  new Fault('missing', `There is no project "${idOrSlug}"`, { code: 'projects.not-found' });

const takenFault = (slug: string): Fault =>
  new Fault('conflict', `There is a project "${slug}" already`, {
    code: 'projects.slug-taken',
    hint: 'Choose another slug.',
  });
