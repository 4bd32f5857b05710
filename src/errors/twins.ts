import { createHash } from 'node:crypto';
import type { Transaction } from '../platform/postgres/database.ts';
import { sql } from '../platform/postgres/sql.ts';
import { keyOf } from './batch.ts';
import { asUuid, type Digest } from './digest.ts';

/** Ways on which the same exception may come, the one that tells most first. */
const ways = ['client', 'span', 'log'] as const;
const wayOf = (digest: Digest): (typeof ways)[number] => digest.event.told ?? 'client';

/** The same error in the same span has the same name, whoever tells of it; undefined for what no other way could tell of. */
function exceptionKey({ facts, skimmed }: Digest): string | undefined {
  const error = skimmed.exceptions.at(-1);
  if (!error || facts.traceId === null || facts.spanId === null) return undefined;
  // Clients tell the module apart from the type.
  const type = error.type?.split(/[.:\\]/).at(-1) ?? '';
  const message = error.value?.split('\n', 1)[0]?.slice(0, 200) ?? '';
  return `${facts.traceId} ${facts.spanId} ${type} ${message}`;
}

const idFor = (key: string, way: string): string => asUuid(createHash('md5').update(`${way} ${key}`).digest('hex'));

/**
 * Leaves out events that tell of an exception which came already on another way: by an error-tracking client, in a span, in a log
 * record. Looked for only in projects whose telemetry ever told of one, so the first of a project may count twice.
 */
export async function withoutTwins(tx: Transaction, digests: Digest[]): Promise<Digest[]> {
  const told = new Set(digests.filter((one) => one.event.told).map((one) => one.projectId));
  if (told.size > 0) {
    await tx.execute(sql`
      insert into errors_telling (project_id) select unnest(${[...told]}::uuid[]) on conflict do nothing`);
  }
  const keys = new Map<Digest, string>();
  for (const digest of digests) {
    const key = exceptionKey(digest);
    if (key !== undefined) keys.set(digest, key);
  }
  if (keys.size === 0) return digests;
  const projects = [...new Set([...keys.keys()].map((one) => one.projectId))];
  const telling = new Set(
    (
      await tx.query<{ id: string }>(sql`
      select project_id as id from errors_telling where project_id = any(${projects}::uuid[])`)
    ).map((row) => row.id),
  );
  const asked = [...keys]
    .filter(([digest]) => telling.has(digest.projectId))
    .map(([digest, key]) => ({
      digest,
      way: wayOf(digest),
      own: idFor(key, wayOf(digest)),
      others: ways.filter((way) => way !== wayOf(digest)).map((way) => idFor(key, way)),
    }))
    .sort((a, b) => ways.indexOf(a.way) - ways.indexOf(b.way));
  if (asked.length === 0) return digests;
  const wanted = asked.flatMap(({ digest, others }) => others.map((id) => ({ projectId: digest.projectId, id })));
  const found = await tx.query<{ projectId: string; id: string }>(sql`
    select r.project_id as "projectId", r.event_id as id
    from unnest(${wanted.map((one) => one.projectId)}::uuid[], ${wanted.map((one) => one.id)}::uuid[]) as n(p, e)
    join errors_received r on r.project_id = n.p and r.event_id = n.e`);
  const claimed = new Set(found.map((row) => keyOf(row.projectId, row.id)));
  const twins = new Set<Digest>();
  const kept: { projectId: string; id: string }[] = [];
  for (const { digest, own, others } of asked) {
    if (others.some((id) => claimed.has(keyOf(digest.projectId, id)))) twins.add(digest);
    else {
      claimed.add(keyOf(digest.projectId, own));
      kept.push({ projectId: digest.projectId, id: own });
    }
  }
  await tx.execute(sql`
    insert into errors_received (project_id, event_id, at)
    select p, e, now() from unnest(${kept.map((one) => one.projectId)}::uuid[], ${kept.map((one) => one.id)}::uuid[])
      as n(p, e)
    on conflict do nothing`);
  return digests.filter((digest) => !twins.has(digest));
}
