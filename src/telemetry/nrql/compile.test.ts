import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SeenCatalogue } from '../catalogue.ts';
import { compileQuery } from './compile.ts';
import { parse } from './parser.ts';
import { NrqlError } from './problems.ts';

const now = Date.UTC(2026, 0, 31, 12);
const catalogue = new SeenCatalogue();
catalogue.learn([
  { projectId: 'p1', eventType: 'Transaction', name: 'http.url', type: 'string' },
  { projectId: 'p1', eventType: 'Transaction', name: 'age', type: 'number' },
  { projectId: 'p1', eventType: 'Transaction', name: 'vip', type: 'boolean' },
  { projectId: 'p1', eventType: 'Log', name: '', type: 'event' },
  { projectId: 'p1', eventType: 'Metric', name: 'cpu.load', type: 'metric' },
  { projectId: 'p1', eventType: 'Metric', name: 'pod', type: 'string' },
]);
const compile = (nrql: string, projectId: string | null = 'p1') =>
  compileQuery(parse(nrql), { scope: { projectId }, catalogue, now });

/** Reviewed by eye when it changes; `vitest -u` writes it anew. */
const golden = [
  'SELECT count(*) FROM Transaction',
  'SELECT average(duration), percentile(duration, 50, 95) FROM Transaction FACET name LIMIT 5',
  "SELECT count(*) FROM Transaction WHERE http.url LIKE '%/cart%' AND age > 30 AND NOT vip",
  'SELECT percentage(count(*), WHERE error IS true) FROM Transaction TIMESERIES 5 minutes',
  'SELECT rate(count(*), 1 minute) FROM Transaction FACET service TIMESERIES AUTO SINCE 1 day ago',
  'SELECT count(*) FROM Transaction SINCE 1 hour ago COMPARE WITH 1 day ago FACET service',
  'SELECT average(cpu.load), latest(pod) FROM Metric FACET pod',
  'SELECT sum(cpu.load) FROM Metric TIMESERIES 1 minute',
  'SELECT count(*) FROM Log, Transaction FACET eventType()',
  "SELECT * FROM Log WHERE message RLIKE r'.*timeout.*' LIMIT 20",
  'SELECT timestamp, message FROM Log ORDER BY level DESC LIMIT 3 OFFSET 6',
  'SELECT max(slow) FROM (SELECT percentile(duration, 99) AS slow FROM Transaction FACET name LIMIT MAX)',
  'SELECT count(*) FROM Transaction WHERE name IN (SELECT uniques(name) FROM Transaction WHERE error IS true SINCE 1 day ago)',
  "SELECT count(*) FROM Transaction FACET CASES(WHERE duration < 0.1 AS 'fast', WHERE duration >= 0.1 AS 'slow') OR 'unknown'",
  'WITH duration * 1000 AS ms SELECT histogram(ms, 500, 10), apdex(duration, 0.5) FROM Transaction',
  "SELECT count(*) FROM Transaction FACET weekdayOf(timestamp), aparse(name, 'GET *') WITH TIMEZONE 'Europe/Paris'",
  'SHOW EVENT TYPES SINCE 1 week ago',
  'SELECT count(*) FROM Transaction TIMESERIES 10 minutes SLIDE BY 2 minutes',
];

describe('compiling to ClickHouse', () => {
  it('gives the reviewed statements', async () => {
    const text = golden.map((nrql) => {
      const { main, compare } = compile(nrql);
      const params = Object.entries(main.params).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
      return [
        `-- ${nrql}`,
        main.sql,
        ...(compare ? [`-- compare\n${compare.sql}`] : []),
        `-- ${params.join(' ')}`,
        '',
      ].join('\n');
    });
    await expect(text.join('\n')).toMatchFileSnapshot('./compile.golden.sql');
  });

  it.each([
    ['SELECT averge(duration) FROM Transaction', 7, /no function averge/, /average/],
    ['SELECT duration, count(*) FROM Transaction', 7, /outside an aggregate/, /latest\(duration\)/],
    ['SELECT count(*) FROM Transaction WHERE count(*) > 1', 39, /single records/, undefined],
    ['SELECT count(*) FROM A JOIN (SELECT count(*) FROM B FACET c) ON d', 64, /no column "d"/, /FACET d/],
    ['SELECT count(*) FROM A JOIN (SELECT count(*) FROM B TIMESERIES) ON c', 52, /TIMESERIES cannot stand/, undefined],
    ['SELECT funnel(session) FROM PageView', 7, /1 to 20 steps/, /WHERE page/],
    ['SELECT funnel(session, WHERE a = 1) + 1 FROM PageView', 7, /larger expression/, undefined],
    ['SELECT bucketPercentile(a_bucket, 50) FROM Log', 24, /whose points are buckets/, /FROM Metric/],
    ['SELECT count(*) FROM Transaction TIMESERIES 1 second SINCE 1 day ago', 33, /86400 buckets/, /TIMESERIES MAX/],
    ["SELECT count(*) FROM Transaction SINCE '31/01/2026'", 39, /not a date/, undefined],
    ['SELECT count(*) FROM Transaction SINCE now UNTIL 1 hour ago', 39, /after UNTIL/, undefined],
    ["SELECT count(*) FROM Transaction WITH TIMEZONE 'Mars/Base'", 47, /not a time zone/, undefined],
    ['SELECT count(*) FROM Transaction WHERE a = NULL', 39, /equal to NULL/, /IS NULL/],
    ['SELECT percentile(duration, 101) FROM Transaction', 28, /between 0 and 100/, undefined],
    ['SELECT count(*) FROM Log WHERE a IN ({{ids}})', 37, /\{\{ids\}\} has no value/, undefined],
  ])('refuses with a place and a way out: %s', (nrql, at, message, hint) => {
    let refused: unknown;
    try {
      compile(nrql);
    } catch (error) {
      refused = error;
    }
    expect(refused).toBeInstanceOf(NrqlError);
    const error = refused as NrqlError;
    expect(error.message).toMatch(message);
    expect(error.place.at).toBe(at);
    if (hint) expect(error.hint).toMatch(hint);
  });

  it('warns of attributes never seen', () => {
    const { warnings } = compile("SELECT average(duraton) FROM Transaction WHERE http.url = 'x' FACET service.name");
    expect(warnings).toMatchObject([{ message: expect.stringContaining('"duraton"'), hint: 'Did you mean duration?' }]);
  });

  it('warns of columns a subquery has not', () => {
    const { warnings } = compile('SELECT sum(totl) FROM (SELECT count(*) AS total FROM Log FACET service)');
    expect(warnings).toMatchObject([{ message: 'The subquery has no column "totl"', hint: 'Did you mean total?' }]);
  });

  it('warns of types never seen and of limits cut', () => {
    expect(compile('SELECT count(*) FROM Transactoin').warnings[0]).toMatchObject({
      hint: 'Did you mean Transaction?',
    });
    expect(compile('SELECT name FROM Transaction LIMIT 9000').warnings[0]!.message).toMatch(/at most 5000/);
  });
});

/** Words that try to break out, in every place a name or text can stand. */
const hostile = fc.oneof(
  fc.constantFrom(
    "' OR 1=1 --",
    '") UNION ALL SELECT * FROM telemetry_logs --',
    '{p0:String}',
    "\\' OR projectId != '",
    'projectId',
    'telemetry_logs',
    '*/ FROM system.tables /*',
    'a`b',
  ),
  fc.string({ maxLength: 12 }),
);
const asName = (text: string) => `\`${text.replaceAll('`', '``')}\``;
const asText = (text: string) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
const mark = 'zq9marker';

describe('the scope', () => {
  it('stands around every table, whatever the text says', () => {
    const marked = hostile.map((text) => `${mark}${text}`);
    const type = fc.oneof(fc.constantFrom('Log', 'Transaction', 'Metric', 'Own'), marked.map(asName));
    const value = fc.oneof(marked.map(asName), fc.constantFrom('message', 'duration', 'projectId', 'timestamp', 'seq'));
    const condition = fc.oneof(
      fc.tuple(value, marked).map(([name, text]) => `${name} = ${asText(text)}`),
      fc.tuple(value, marked).map(([name, text]) => `${name} LIKE ${asText(text)} OR 1 = 1`),
      fc.tuple(value, marked).map(([name, text]) => `${name} IN (${asText(text)}, ${asText(text)})`),
      fc.tuple(value, type).map(([name, from]) => `${name} IN (SELECT uniques(${name}) FROM ${from})`),
      value.map((name) => `${name} IS NOT NULL OR NOT (${name} IS NULL)`),
    );
    const query = fc
      .tuple(
        fc.array(type, { minLength: 1, maxLength: 3 }),
        condition,
        value,
        marked,
        fc.constantFrom('', ' TIMESERIES 5 minutes', ' COMPARE WITH 1 day ago'),
      )
      .map(([from, where, facet, alias, rest]) => [
        `SELECT count(*) AS ${asText(alias)}, latest(${facet}) FROM ${from.join(', ')} WHERE ${where} FACET ${facet} AS ${asText(alias)}${rest}`,
        `SELECT *, ${facet} FROM ${from[0]} WHERE ${where} LIMIT 5`,
        `SELECT count(*) FROM (SELECT count(*) AS c FROM ${from[0]} WHERE ${where} FACET ${facet})`,
      ]);
    let compiled = 0;
    fc.assert(
      fc.property(query, (texts) => {
        for (const text of texts) {
          let answer: ReturnType<typeof compile>;
          try {
            answer = compile(text, 'the-project');
          } catch (error) {
            if (error instanceof NrqlError) continue;
            throw error;
          }
          compiled += 1;
          for (const { sql, params } of [answer.main, ...(answer.compare ? [answer.compare] : [])]) {
            const reads = [...sql.matchAll(/\btelemetry_\w+/g)];
            const scoped = [...sql.matchAll(/ FROM telemetry_\w+ WHERE projectId = \{(p\d+):String\} AND type IN \(/g)];
            expect(reads.length, sql).toBe(scoped.length);
            expect(reads.length).toBeGreaterThan(0);
            for (const match of scoped) expect(params[match[1]!]).toBe('the-project');
            // No piece of the text's names and quotes reaches the statement itself.
            expect(sql).not.toContain(mark);
            expect(sql).not.toMatch(/system\.|--|\/\*|;/);
          }
        }
      }),
      { numRuns: 500 },
    );
    expect(compiled).toBeGreaterThan(500);
  });
});
