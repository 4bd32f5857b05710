import type { Queryable } from '../../platform/postgres/database.ts';
import type { PeopleDirectory, RepositoryReader } from '../port.ts';
import { readSettings } from '../settings/project-settings.ts';
import { type OwnedThing, ownerOf, parseCodeowners, parseOwnership } from './rules.ts';

/** Who owns an issue, and by which rule. */
export interface Ownership {
  /** As written: `path:src/billing/*`. */
  rule: string;
  source: 'rules' | 'CODEOWNERS';
  /** What of the event the rule matched. */
  matched: string;
  /** In the order they are written; `personId` where Millrace knows them. */
  owners: { name: string; personId: string | null }[];
}

/** Where forges look for it, in their order. */
const places = ['CODEOWNERS', '.github/CODEOWNERS', 'docs/CODEOWNERS', '.gitlab/CODEOWNERS', '.gitea/CODEOWNERS'];

export interface OwnerSurroundings {
  database: Queryable;
  people: PeopleDirectory;
  repositories: RepositoryReader | undefined;
}

/** Finds who owns a thing: by the project's rules, else by the CODEOWNERS of its repository; null when nobody does. */
export async function findOwner(
  around: OwnerSurroundings,
  projectId: string,
  thing: OwnedThing,
): Promise<Ownership | null> {
  const { ownership } = await readSettings(around.database, projectId);
  const { rules } = parseOwnership(ownership);
  const found = ownerOf([...rules, ...(await codeownersOf(around.repositories, projectId))], thing);
  if (!found) return null;
  const owners = await Promise.all(
    found.rule.owners.map(async (name) => {
      const person = name.includes('@', 1) ? await around.people.byEmail(name) : undefined;
      return { name: person?.name ?? name, personId: person?.id ?? null };
    }),
  );
  return { rule: found.rule.text, source: found.rule.source, matched: found.matched, owners };
}

async function codeownersOf(repositories: RepositoryReader | undefined, projectId: string) {
  if (!repositories) return [];
  for (const place of places) {
    const text = await repositories.file(projectId, place);
    if (text !== undefined) return parseCodeowners(text);
  }
  return [];
}
