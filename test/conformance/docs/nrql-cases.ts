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
