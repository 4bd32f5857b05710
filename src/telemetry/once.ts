import type { Queryable } from '../platform/postgres/database.ts';
import { sql } from '../platform/postgres/sql.ts';
import { keyOf } from './frames.ts';

/** Longer than anybody who was killed half-way waits before he writes again. */
const rememberedDays = 30;

/**
 * The frames of a batch without those whose key another batch, or an earlier frame of this one, carries. The same batch
 * asked again, after a crash, gets the same frames, so its token still names exactly these.
 */
export async function firstFrames(db: Queryable, frames: readonly Buffer[], batch: string): Promise<Buffer[]> {
  const keys = new Map<string, Buffer>();
  for (const frame of frames) {
    const key = keyOf(frame);
    if (key !== undefined && !keys.has(key)) keys.set(key, frame);
  }
  if (keys.size === 0) return [...frames];
  const names = [...keys.keys()].sort();
  await db.execute(sql`
    insert into telemetry_once (key, batch) select key, ${batch} from unnest(${names}::text[]) as n(key)
    on conflict do nothing`);
  const own = await db.query<{ key: string }>(
    sql`select key from telemetry_once where key = any(${names}::text[]) and batch = ${batch}`,
  );
  const first = new Set(own.map(({ key }) => keys.get(key)));
  return frames.filter((frame) => keyOf(frame) === undefined || first.has(frame));
}

/** Forgets keys that nobody will bring again. A service that prints uses several a second, and the next one ends the use of the last. */
export const forgetKeys = (db: Queryable): Promise<number> =>
  db.execute(sql`delete from telemetry_once where at < now() - make_interval(days => ${rememberedDays})
    or (key like 'lines %' and at < now() - interval '1 hour')`);
