import type { Client } from '../../client/index.ts';
import { ago } from '../ages.ts';
import { exitCodes } from '../exit.ts';
import { connect } from '../session.ts';
import { table } from '../table.ts';
import { openTerminal } from '../terminal.ts';

type ProjectView = Awaited<ReturnType<Client['projects']['get']>>;

interface Options {
  json?: boolean;
}

export async function listProjects(options: Options): Promise<number> {
  const terminal = openTerminal();
  const { client } = await connect();
  const { items } = await client.projects.list();
  if (options.json) terminal.print(JSON.stringify(items, null, 2));
  else if (items.length === 0) terminal.print('No projects yet. Make one: millrace project create NAME');
  else for (const line of projectRows(items, Date.now())) terminal.print(line);
  return exitCodes.ok;
}

export async function createProject(
  name: string,
  options: Options & { slug?: string; branch?: string },
): Promise<number> {
  const terminal = openTerminal();
  const { client } = await connect();
  const body = {
    name,
    ...(options.slug ? { slug: options.slug } : {}),
    ...(options.branch ? { defaultBranch: options.branch } : {}),
  };
  const project = await client.projects.create({ body });
  if (options.json) terminal.print(JSON.stringify(project, null, 2));
  else {
    terminal.print(`Project ${project.slug} is made. Push to it:`);
    terminal.print(`  git remote add millrace ${project.gitUrl}`);
    terminal.print(`  git push millrace ${project.defaultBranch}`);
  }
  return exitCodes.ok;
}

export async function showProject(name: string, options: Options): Promise<number> {
  const terminal = openTerminal();
  const { client } = await connect();
  const project = await client.projects.get({ params: { project: name } });
  if (options.json) terminal.print(JSON.stringify(project, null, 2));
  else for (const line of projectDetails(project)) terminal.print(line);
  return exitCodes.ok;
}

export function projectRows(projects: ProjectView[], nowMs: number): string[] {
  const rows = projects.map((project) => [
    project.slug,
    project.name,
    project.defaultBranch,
    project.head?.slice(0, 7) ?? 'nothing pushed',
    ago(project.updatedAt, nowMs),
  ]);
  return table(rows, { head: ['SLUG', 'NAME', 'BRANCH', 'HEAD', 'CHANGED'] });
}

export function projectDetails(project: ProjectView): string[] {
  return table([
    ['Name', project.name],
    ['Slug', project.slug],
    ['Git', project.gitUrl],
    ['Default branch', project.defaultBranch],
    ['Head', project.head ?? 'nothing was pushed yet'],
    ['Errors go to', project.dsn],
    ['Mirrors', project.remote ? `${project.remote.url} (${project.remote.forge})` : 'nothing'],
  ]);
}
