/** One row of the clause table in docs/telemetry.md. */
export interface NrqlCase {
  feature: string;
  outcome: 'answered' | 'parsed only' | 'refused';
  query: string;
  note?: string;
}

export const nrqlCases: NrqlCase[] = [
  {
    feature: 'SELECT, FROM, WHERE, AS',
    outcome: 'answered',
    query: "SELECT count(*) AS 'n' FROM Transaction WHERE error IS true",
  },
  { feature: 'FROM first, several types', outcome: 'answered', query: 'FROM Log, Transaction SELECT count(*)' },
  {
    feature: 'Arithmetic, comparison, AND, OR, NOT, IN, LIKE, RLIKE, IS NULL',
    outcome: 'answered',
    query:
      "SELECT average(duration * 1000) FROM Transaction WHERE name LIKE '%cart%' AND NOT (duration > 1 OR host IN ('a', 'b')) AND release IS NOT NULL",
  },
  {
    feature: 'FACET, FACET CASES, ORDER BY, LIMIT, OFFSET',
    outcome: 'answered',
    query: "SELECT count(*) FROM Transaction FACET CASES(WHERE duration < 0.1 AS 'fast') LIMIT 5",
    note: 'LIMIT is at most 5,000.',
  },
  {
    feature: 'TIMESERIES (width, AUTO, MAX, SLIDE BY)',
    outcome: 'answered',
    query: 'SELECT count(*) FROM Transaction TIMESERIES 10 minutes SLIDE BY 2 minutes',
  },
  {
    feature: 'SINCE, UNTIL, COMPARE WITH',
    outcome: 'answered',
    query: 'SELECT count(*) FROM Transaction SINCE 2 hours ago UNTIL 1 hour ago COMPARE WITH 1 day ago',
  },
  {
    feature: 'WITH TIMEZONE',
    outcome: 'answered',
    query: "SELECT count(*) FROM Transaction FACET hourOf(timestamp) WITH TIMEZONE 'Europe/Paris'",
  },
  { feature: 'WITH ... AS', outcome: 'answered', query: 'WITH duration * 1000 AS ms SELECT max(ms) FROM Transaction' },
  {
    feature: 'Subquery after FROM',
    outcome: 'answered',
    query: 'SELECT max(slow) FROM (SELECT percentile(duration, 99) AS slow FROM Transaction FACET name)',
  },
  {
    feature: 'Subquery after IN',
    outcome: 'answered',
    query: 'SELECT count(*) FROM Transaction WHERE name IN (SELECT uniques(name) FROM Transaction WHERE error IS true)',
  },
  { feature: 'SHOW EVENT TYPES', outcome: 'answered', query: 'SHOW EVENT TYPES' },
  {
    feature: 'EXTRAPOLATE',
    outcome: 'answered',
    query: 'SELECT count(*) FROM Transaction EXTRAPOLATE',
    note: 'Changes nothing: nothing is sampled.',
  },
  {
    feature: 'A comparison at the end (gates, alert conditions)',
    outcome: 'answered',
    query: 'SELECT count(*) FROM ErrorEvent WHERE firstSeenInRelease IS true = 0',
    note: 'Millrace’s own.',
  },
  {
    feature: 'JOIN, LEFT JOIN',
    outcome: 'answered',
    query: 'SELECT count(*) FROM A JOIN (SELECT count(*) FROM B FACET c) ON c',
    note: 'With a subquery (10 groups unless it says LIMIT, 100 rows a key), on one equality.',
  },
  {
    feature: 'PREDICT',
    outcome: 'parsed only',
    query: 'SELECT count(*) FROM A TIMESERIES PREDICT',
    note: '`predictLinear()` is answered.',
  },
  { feature: 'FROM lookup()', outcome: 'parsed only', query: 'SELECT count(*) FROM lookup(t)' },
  { feature: 'Subquery in SELECT', outcome: 'answered', query: 'SELECT (SELECT count(*) FROM A) FROM B' },
  {
    feature: 'Unknown functions',
    outcome: 'refused',
    query: 'SELECT averge(duration) FROM Transaction',
    note: 'With the nearest known name.',
  },
];

/** One row of the table of what is refused, in docs/nrql.md. */
export interface NrqlRefusal {
  query: string;
  /** Where it is refused: the offset of the character that is named. */
  at: number;
  says: string;
  why: string;
}

/** What New Relic answers and Millrace refuses, each with the query that shows it. */
export const nrqlRefusals: NrqlRefusal[] = [
  {
    query: 'SELECT count(*) FROM A TIMESERIES PREDICT',
    at: 34,
    says: 'PREDICT is not answered yet',
    why: 'Seasonal forecasts are not made. `predictLinear()` gives a linear one.',
  },
  {
    query: 'SELECT count(*) FROM lookup(t)',
    at: 21,
    says: 'FROM lookup() is not answered yet',
    why: 'There are no lookup tables. Send the rows as events of a type of their own and JOIN them.',
  },
  {
    query: 'SELECT count(*) FROM A WHERE k IN (SELECT k FROM lookup(t))',
    at: 49,
    says: 'FROM lookup() is not answered yet',
    why: 'As above.',
  },
  {
    query: 'SELECT accountId() FROM A',
    at: 7,
    says: 'accountid() is not answered yet',
    why: 'There are projects, not accounts.',
  },
  {
    query: 'SELECT mapKeys(m) FROM A',
    at: 7,
    says: 'mapkeys() is not answered yet',
    why: 'Attributes are flat: a map arrives as `m.key`, and `keyset()` lists the keys.',
  },
  {
    query: 'SELECT mapValues(m) FROM A',
    at: 7,
    says: 'mapvalues() is not answered yet',
    why: 'As above.',
  },
  {
    query: 'SELECT getCdfCount(d, 1) FROM Metric',
    at: 7,
    says: 'getcdfcount() is not answered yet',
    why: 'Distributions are kept as count, total, least and greatest. `cdfPercentage()` answers for events.',
  },
  {
    query: 'SELECT blob(b) FROM Log',
    at: 7,
    says: 'blob() is not answered yet',
    why: 'A value holds 4,096 characters; there is no store of larger ones.',
  },
  {
    query: 'SELECT count(*) FROM A WHERE b IN (c, d)',
    at: 35,
    says: 'A list after IN holds numbers and quoted texts',
    why: 'Write `b = c OR b = d`.',
  },
  {
    query: 'SELECT count(*) FROM (SELECT a FROM A), B',
    at: 21,
    says: 'A subquery stands alone after FROM',
    why: 'Ask the types in one subquery, `FROM (SELECT a FROM A, B)`.',
  },
  {
    query: 'SELECT averge(duration) FROM Transaction',
    at: 7,
    says: 'There is no function averge()',
    why: 'Unknown functions are refused with the nearest known name, never answered with nothing.',
  },
];
