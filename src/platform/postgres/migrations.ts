import type { Database } from './database.ts';
import { sql } from './sql.ts';

/** One forward step of a room's schema. Ids read `room/0001-what`; a step that ran is never edited. */
export interface Migration {
  id: string;
  statements: string;
}

/**
 * Brings the schema up to date, each step in its own transaction, one server at a time (advisory lock).
 * Every step must leave a schema that the previous version of Millrace can still read.
 * @returns the ids that ran now
 */
export async function migrate(database: Database, migrations: readonly Migration[]): Promise<string[]> {
  const ran: string[] = [];
  await database.transaction(async (tx) => {
    // Two who make it at once would meet in the system's catalogue.
    await tx.execute(sql`select pg_advisory_xact_lock(740001)`);
    await tx.execute(
      sql`create table if not exists platform_migrations (id text primary key, at timestamptz not null default now())`,
    );
  });
  for (const migration of migrations) {
    const applied = await database.transaction(async (tx) => {
      await tx.execute(sql`select pg_advisory_xact_lock(740001)`);
      const known = await tx.first(sql`select 1 from platform_migrations where id = ${migration.id}`);
      if (known) return false;
      await tx.execute({ text: migration.statements, values: [] });
      await tx.execute(sql`insert into platform_migrations (id) values (${migration.id})`);
      return true;
    });
    if (applied) ran.push(migration.id);
  }
  return ran;
}
