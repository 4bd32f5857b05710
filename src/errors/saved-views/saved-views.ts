import { Fault } from '../../kernel/faults.ts';
import { newId } from '../../kernel/ids.ts';
import { atLeast, type Principal } from '../../platform/http/principal.ts';
import type { Database, Queryable } from '../../platform/postgres/database.ts';
import { sql } from '../../platform/postgres/sql.ts';
import type { NewView, SavedView } from './operations.ts';

/** Views one person may have. */
const mostViews = 100;

const columns = sql`id, project_id as "projectId", name, search, status, environment, sort, shared,
  owner_id as "ownerId", owner_name as "ownerName"`;

interface ViewRow extends Omit<SavedView, 'mine' | 'by'> {
  ownerId: string;
  ownerName: string;
}

const present = ({ ownerId, ownerName, ...view }: ViewRow, who: Principal): SavedView => ({
  ...view,
  mine: ownerId === who.personId,
  by: ownerName,
});

/** The person's own views and the shared ones, by name; those of all projects among those of one. */
export async function listViews(db: Queryable, projectId: string | undefined, who: Principal): Promise<SavedView[]> {
  const rows = await db.query<ViewRow>(sql`
    select ${columns} from errors_saved_views
    where (shared or owner_id = ${who.personId})
      and (${projectId ?? null}::uuid is null or project_id is null or project_id = ${projectId ?? null}::uuid)
    order by lower(name), id limit 500`);
  return rows.map((row) => present(row, who));
}

/** Keeps a view under its name; one's own of that name is replaced. */
export async function saveView(
  database: Database,
  projectId: string | undefined,
  view: NewView,
  who: Principal,
): Promise<SavedView> {
  if (view.shared) mayShare(who);
  const { name, search, status, environment, sort, shared } = view;
  return database.transaction(async (tx) => {
    await tx.execute(sql`select pg_advisory_xact_lock(hashtext(${`errors-views ${who.personId}`}))`);
    const counted = await tx.first<{ n: number }>(sql`
      select count(*)::int as n from errors_saved_views where owner_id = ${who.personId} and lower(name) <> lower(${name})`);
    if ((counted?.n ?? 0) >= mostViews) {
      throw new Fault('conflict', `A person has ${mostViews} views at most`, {
        code: 'errors.too-many-views',
        hint: 'Delete one that is no longer needed.',
      });
    }
    const row = await tx.first<ViewRow>(sql`
      insert into errors_saved_views
        (id, project_id, owner_id, owner_name, name, search, status, environment, sort, shared)
      values (${newId()}, ${projectId ?? null}, ${who.personId}, ${who.name}, ${name}, ${search}, ${status},
        ${environment}, ${sort}, ${shared})
      on conflict (owner_id, coalesce(project_id, '00000000-0000-0000-0000-000000000000'), lower(name)) do update
        set name = excluded.name, search = excluded.search, status = excluded.status,
          environment = excluded.environment, sort = excluded.sort, shared = excluded.shared
      returning ${columns}`);
    return present(row!, who);
  });
}

/** Renames or shares a view. Throws when there is none that the person may see, or may change. */
export async function changeView(
  database: Database,
  viewId: string,
  change: { name?: string | undefined; shared?: boolean | undefined },
  who: Principal,
): Promise<SavedView> {
  return database.transaction(async (tx) => {
    const view = await mine(tx, viewId, who);
    if (change.shared && !view.shared) mayShare(who);
    const name = change.name ?? view.name;
    const taken = await tx.first(sql`
      select 1 from errors_saved_views where id <> ${view.id} and owner_id = ${view.ownerId}
        and project_id is not distinct from ${view.projectId}::uuid and lower(name) = lower(${name})`);
    if (taken) {
      throw new Fault('conflict', `There is a view named ${name} already`, { code: 'errors.view-name-taken' });
    }
    const row = await tx.first<ViewRow>(sql`
      update errors_saved_views set name = ${name}, shared = ${change.shared ?? view.shared}
      where id = ${view.id} returning ${columns}`);
    return present(row!, who);
  });
}

export async function deleteView(database: Database, viewId: string, who: Principal): Promise<void> {
  await database.transaction(async (tx) => {
    const view = await mine(tx, viewId, who);
    await tx.execute(sql`delete from errors_saved_views where id = ${view.id}`);
  });
}

/** One that the person may change: their own, and as a maintainer those shared by others. */
async function mine(tx: Queryable, viewId: string, who: Principal): Promise<ViewRow> {
  const view = await tx.first<ViewRow>(sql`select ${columns} from errors_saved_views where id = ${viewId} for update`);
  const own = view?.ownerId === who.personId;
  // What others keep to themselves is not even there.
  if (!view || (!own && !view.shared)) {
    throw new Fault('missing', `There is no view ${viewId}`, { code: 'errors.view-not-found' });
  }
  if (!own && !atLeast(who.role, 'maintainer')) {
    throw new Fault('forbidden', `This view is ${view.ownerName}’s`, {
      code: 'errors.not-your-view',
      hint: 'Save your own under another name, or ask a maintainer.',
    });
  }
  return view;
}

function mayShare(who: Principal): void {
  if (atLeast(who.role, 'developer')) return;
  throw new Fault('forbidden', `To share a view takes the role developer; yours is ${who.role}`, {
    code: 'errors.may-not-share',
    hint: 'Save it for yourself.',
  });
}
