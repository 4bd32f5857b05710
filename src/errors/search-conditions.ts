import { all, json, type Sql, sql } from '../platform/postgres/sql.ts';
import { readSearch, type Term, timeBounds } from './search.ts';
import { userFields, userKeyOf } from './user-key.ts';

const escaped = (word: string): string => word.replace(/[\\%_]/g, '\\$&');
/** A value with `*` for any text, as a pattern of LIKE. */
const pattern = (value: string): string => escaped(value).replaceAll('*', '%');

const states: Record<string, Sql> = {
  unresolved: sql`status = 'unresolved'`,
  resolved: sql`status = 'resolved'`,
  archived: sql`status = 'archived'`,
  ignored: sql`status = 'archived'`,
  assigned: sql`assignee_id is not null`,
  unassigned: sql`assignee_id is null`,
  unhandled: sql`handled is false`,
  handled: sql`handled is not false`,
};
const substatuses = new Set(['new', 'ongoing', 'regressed', 'escalating']);

/** Plain columns, by the names people use. */
const columns: Record<string, Sql> = {
  level: sql`level`,
  priority: sql`priority`,
  platform: sql`platform`,
  service: sql`service`,
  type: sql`coalesce(type, '')`,
  'error.type': sql`coalesce(type, '')`,
  value: sql`message`,
  'error.value': sql`message`,
  message: sql`message`,
  title: sql`title`,
  culprit: sql`culprit`,
};
const times: Record<string, Sql> = { firstseen: sql`first_seen`, age: sql`first_seen`, lastseen: sql`last_seen` };
const numbers: Record<string, Sql> = { timesseen: sql`count`, users: sql`users`, userseen: sql`users` };

const kept = (condition: Sql): Sql =>
  sql`exists (select 1 from errors_events e where e.issue_id = errors_issues.id and ${condition})`;

/** The conditions of a search on `errors_issues`. Tags and users are looked for in kept events. */
export function searchConditions(text: string, now: number): Sql[] {
  const { terms, words } = readSearch(text);
  return [
    ...terms.map((term) => {
      const condition = conditionOf(term, now);
      return term.negated ? sql`not (${condition})` : condition;
    }),
    ...words.map((word) => {
      const number = /^(?:.*-)?(\d{1,9})$/.exec(word)?.[1];
      const like = `%${escaped(word)}%`;
      return sql`(title ilike ${like} or culprit ilike ${like} or message ilike ${like}
        or number = ${number === undefined ? null : Number(number)}::int)`;
    }),
  ];
}

function conditionOf(term: Term, now: number): Sql {
  const { key, value } = term;
  const column = columns[key];
  if (column) return sql`${column} ilike ${pattern(value)}`;
  if (key === 'is') {
    if (substatuses.has(value)) {
      return sql`(status = 'unresolved' and
        case when since < now() - interval '7 days' then 'ongoing' else substatus end = ${value})`;
    }
    return states[value] ?? sql`false`;
  }
  if (key === 'assigned' || key === 'assignee') {
    return value === 'none' ? sql`assignee_id is null` : sql`coalesce(assignee_name, '') ilike ${pattern(value)}`;
  }
  if (key === 'release' && value === 'latest') {
    // An array, so that the latest of each project are found once and not for each issue.
    return sql`exists (select 1 from errors_issue_releases r
      where r.issue_id = errors_issues.id and (r.project_id, r.release) = any (array(
        select distinct on (l.project_id) (l.project_id, l.release) from errors_issue_releases l where l.release <> ''
        group by l.project_id, l.release order by l.project_id, min(l.first_seen) desc)))`;
  }
  if (key === 'release' || key === 'environment') {
    const place = key === 'release' ? sql`r.release` : sql`r.environment`;
    return sql`exists (select 1 from errors_issue_releases r
      where r.issue_id = errors_issues.id and ${place} like ${pattern(value)})`;
  }
  if (key === 'firstrelease') return sql`first_release like ${pattern(value)}`;
  if (times[key]) return timeCondition(times[key], term, now);
  if (numbers[key]) return numberCondition(numbers[key], term);
  if (key === 'has') {
    if (value === 'user') return kept(sql`e.user_name <> ''`);
    if (value === 'release') return sql`first_release <> ''`;
    return kept(sql`exists (select 1 from jsonb_array_elements(e.tags) t where t ->> 0 = ${value})`);
  }
  if (key === 'user' || key.startsWith('user.')) return userCondition(key, value);
  if (key === 'transaction') return kept(sql`e.transaction like ${pattern(value)}`);
  if (key === 'trace') return kept(sql`e.trace_id = ${value}`);
  return tagCondition(key.startsWith('tags.') ? key.slice(5) : key, value);
}

/** Found by indexes: among the users that were counted, by what the client named them with, and among the names of kept events. */
function userCondition(key: string, value: string): Sql {
  if (value.includes('*')) return kept(sql`e.user_name <> '' and lower(e.user_name) like lower(${pattern(value)})`);
  const field = key.slice('user.'.length);
  const fields = field === '' ? userFields : userFields.filter((name) => name === field || name === `${field}_address`);
  const keys = fields.map((name) => userKeyOf(name, value));
  // An array, so that a user's issues are found before any issue is looked at.
  return sql`id = any (array(
    select e.issue_id from errors_events e where e.user_name <> '' and lower(e.user_name) = lower(${value})
    union select u.issue_id from errors_issue_users u where u.user_key = any(${keys}::bigint[])))`;
}

function tagCondition(tag: string, value: string): Sql {
  const exact = sql`exists (select 1 from jsonb_array_elements(e.tags) t
    where lower(t ->> 0) = ${tag} and t ->> 1 like ${pattern(value)})`;
  // Narrowed down by an index of pairs, `["name=value"]` each, that knows no case.
  const near = sql`replace(lower(e.tags::text), '", "', '=')::jsonb @> lower(${json([[`${tag}=${value}`]])})::jsonb`;
  return kept(value.includes('*') ? exact : sql`${near} and ${exact}`);
}

function timeCondition(column: Sql, term: Term, now: number): Sql {
  const bounds = timeBounds(term, now);
  if (!bounds) return sql`false`;
  const { from, to } = bounds;
  const conditions = [sql`true`];
  if (from !== null) conditions.push(sql`${column} >= to_timestamp(${from / 1000}::float8)`);
  if (to !== null) conditions.push(sql`${column} < to_timestamp(${to / 1000}::float8)`);
  return sql`(${all(conditions)})`;
}

function numberCondition(column: Sql, { value, compare }: Term): Sql {
  if (!/^\d{1,15}$/.test(value)) return sql`false`;
  const number = sql`${value}::bigint`;
  switch (compare) {
    case '>':
      return sql`${column} > ${number}`;
    case '>=':
      return sql`${column} >= ${number}`;
    case '<':
      return sql`${column} < ${number}`;
    case '<=':
      return sql`${column} <= ${number}`;
    default:
      return sql`${column} = ${number}`;
  }
}
