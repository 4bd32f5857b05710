import { Fault } from '../kernel/faults.ts';
import type { Connection } from './session.ts';
import { readCheckout } from './working-tree.ts';

/**
 * The project a command is about: the one named, else the one the repository here is pushed to, else the only one there is.
 */
export async function chosenProject(connection: Connection, named: string | undefined): Promise<string> {
  if (named !== undefined) return named;
  const { remotes } = await readCheckout(process.cwd());
  const { items } = await connection.client.projects.list();
  const pushed = items.find((project) => remotes.some((remote) => sameAddress(project.gitUrl, remote)));
  if (pushed) return pushed.slug;
  if (items.length === 1) return items[0]!.slug;
  throw new Fault(
    'invalid',
    items.length === 0 ? 'There are no projects yet' : 'It is not clear which project is meant',
    {
      code: 'cli.which-project',
      hint:
        items.length === 0
          ? 'Make one: millrace project create NAME'
          : `Name one with --project: ${items.map((project) => project.slug).join(', ')}.`,
    },
  );
}

/** Whether two git addresses name one repository: host and path count, credentials and `.git` do not. */
export function sameAddress(a: string, b: string): boolean {
  const key = (address: string): string => {
    const text = address.replace(/\.git\/?$/, '').replace(/\/$/, '');
    if (!URL.canParse(text)) return text;
    const url = new URL(text);
    return `${url.host}${url.pathname}`;
  };
  return key(a) === key(b);
}
