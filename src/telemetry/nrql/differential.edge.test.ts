import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { evaluate, type PlainRecord } from '../../../test/harness/nrql-evaluator.ts';
import { type TestStore, testStore } from '../../../test/harness/telemetry-store.ts';
import type { QueryAnswer } from '../api.ts';
import { SeenCatalogue } from '../catalogue.ts';
import { FrameEncoder } from '../frames.ts';
import { createQuestions, type Questions } from '../query.ts';
import type { Store } from '../store.ts';
import { parse } from './parser.ts';

/** Compiled SQL on a real ClickHouse against an evaluator that reads record by record, over generated data and queries. */
const project = 'p1';
const now = Math.floor(Date.now() / 60_000) * 60_000;
const hour = 3_600_000;

let under: TestStore;
let store: Store;
let questions: Questions;
let records: PlainRecord[];

/** Records spread over the hour before `now`, some without this attribute or that. */
function generate(): PlainRecord[] {
  let state = 42;
  const random = () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
  const some = <T>(value: T, share = 0.85): T | undefined => (random() < share ? value : undefined);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
  return Array.from({ length: 600 }, (_, index) => ({
    timestamp: now - hour + Math.floor((index / 600) * hour),
    // Columns, and attributes of each type that live in maps.
    service: some(pick(['web', 'api', "it's", 'We%b'])),
    name: pick(['GET /', 'POST /cart', 'get /x_y', 'a\\b']),
    duration: some(Math.floor(random() * 4000) / 1000),
    error: some(random() < 0.3),
    age: some(Math.floor(random() * 5) - 2),
    city: some(pick(['Ulm', 'Zürich', 'ulm', 'São Paulo']), 0.6),
    vip: some(random() < 0.5, 0.7),
  }));
}

beforeAll(async () => {
  under = await testStore();
  store = under.store;
  const catalogue = new SeenCatalogue();
  const encoder = new FrameEncoder(catalogue);
  records = generate();
  const rows = records.map(({ timestamp, ...attributes }) => ({
    type: 'Transaction',
    timestamp: Number(timestamp),
    projectId: project,
    attributes,
  }));
  const foreign = rows.map((row) => ({
    ...row,
    projectId: 'p2',
    attributes: { ...row.attributes, service: 'foreign', duration: 1e6 },
  }));
  const { buffer } = encoder.encode([...rows, ...foreign], now, (_, reason) => {
    throw new Error(reason);
  });
  await store.insert([buffer], 'generated');
  questions = createQuestions(store, catalogue, { now: () => now });
});

afterAll(async () => {
  await under?.close();
});

const ask = async (nrql: string): Promise<QueryAnswer> => questions.ask(nrql, { scope: { projectId: project }, now });

const numeric = fc.constantFrom('duration', 'age', 'duration * 2 - age', 'age / duration', 'duration + 1', '-age');
const condition: fc.Arbitrary<string> = fc.letrec<{ tree: string }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 3, depthIdentifier: 'where' },
    fc
      .tuple(numeric, fc.constantFrom('<', '<=', '>', '>=', '=', '!='), fc.constantFrom('0', '1', '2', '-1', '0.5'))
      .map((parts) => parts.join(' ')),
    fc.constantFrom(
      "service = 'web'",
      "service != 'api'",
      "service = 'it\\'s'",
      "city IN ('Ulm', 'Zürich')",
      "city NOT IN ('Ulm')",
      "city LIKE 'u%'",
      "name LIKE '%/%'",
      "name LIKE 'get /x_y'",
      "name NOT LIKE 'GET%'",
      "name LIKE 'a\\\\b'",
      "service LIKE 'we%b'",
      "name RLIKE r'(GET|POST) /.*'",
      'error IS TRUE',
      'error IS NOT TRUE',
      'vip IS FALSE',
      'vip = true',
      'city IS NULL',
      'duration IS NOT NULL',
      'age IN (0, 1)',
    ),
    tie('tree').map((inner) => `NOT (${inner})`),
    fc
      .tuple(tie('tree'), fc.constantFrom('AND', 'OR'), tie('tree'))
      .map(([left, word, right]) => `(${left}) ${word} (${right})`),
  ),
})).tree;

const plainAggregate = fc.oneof(
  fc.constantFrom(
    'count(*)',
    'count(city)',
    'count(duration)',
    'uniqueCount(city)',
    'uniqueCount(age)',
    'latest(city)',
    'earliest(age)',
    'latest(vip)',
  ),
  fc
    .tuple(fc.constantFrom('sum', 'average', 'min', 'max', 'stddev'), numeric)
    .map(([name, value]) => `${name}(${value})`),
);
const aggregate = fc.oneof(
  plainAggregate,
  fc
    .tuple(fc.constantFrom('count(*)', 'sum(duration)', 'average(age)'), condition)
    .map(([inner, where]) => `filter(${inner}, WHERE ${where})`),
  condition.map((where) => `percentage(count(*), WHERE ${where})`),
  fc.constantFrom(
    'rate(count(*), 1 minute)',
    'rate(sum(duration), 5 minutes)',
    'sum(duration) / count(*)',
    'count(*) * 2 + max(age)',
  ),
);
const facet = fc.constantFrom(
  '',
  ' FACET name',
  ' FACET service',
  ' FACET city, vip',
  ' FACET age',
  ' FACET duration > 1',
);

function close(actual: unknown, expected: unknown): boolean {
  if (typeof actual === 'number' && typeof expected === 'number') {
    return Math.abs(actual - expected) <= 1e-6 * Math.max(1, Math.abs(expected));
  }
  return actual === expected;
}

describe('compiled SQL and the evaluator', () => {
  it('agree on generated queries', async () => {
    let asked = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(aggregate, { minLength: 1, maxLength: 3 }),
        fc.option(condition, { nil: undefined }),
        facet,
        async (select, where, by) => {
          // Counting first lets every group in that has a record, on both sides.
          const nrql = `SELECT count(*), ${select.join(', ')} FROM Transaction${where ? ` WHERE ${where}` : ''}${by} LIMIT MAX`;
          const query = parse(nrql);
          const expected = evaluate(query, records, hour);
          const answer = await ask(nrql);
          asked += 1;
          expect(answer.rows.length, nrql).toBe(expected.size);
          for (const row of answer.rows) {
            const key = JSON.stringify(row.slice(0, query.facet.length));
            const values = expected.get(key);
            expect(values, `${nrql} has no group ${key}`).toBeDefined();
            row.slice(query.facet.length).forEach((value, index) => {
              if (!close(value, values![index]))
                expect.fail(
                  `${nrql}\n${key} #${index}: SQL says ${JSON.stringify(value)}, the evaluator ${values![index]}`,
                );
            });
          }
        },
      ),
      { numRuns: 150 },
    );
    console.log(`nrql: ${asked} generated queries agree`);
  });

  it('keep groups apart by the row they come from: parts sum to the whole, buckets too', async () => {
    await fc.assert(
      fc.asyncProperty(condition, fc.constantFrom('name', 'error', 'age'), async (where, key) => {
        const given = `WHERE (${where}) AND ${key} IS NOT NULL`;
        const whole = await ask(`SELECT count(*), sum(duration) FROM Transaction ${given}`);
        const parts = await ask(`SELECT count(*), sum(duration) FROM Transaction ${given} FACET ${key} LIMIT MAX`);
        const series = await ask(`SELECT count(*), sum(duration) FROM Transaction ${given} TIMESERIES 5 minutes`);
        const both = await ask(`SELECT count(*) FROM Transaction ${given} FACET ${key} TIMESERIES 6 minutes LIMIT MAX`);
        const total = (values: (number | null)[]) => values.reduce<number>((sum, value) => sum + (value ?? 0), 0);
        for (const [index, value] of (whole.rows[0] as number[]).entries()) {
          expect(total(parts.rows.map((row) => Number(row[index + 1])))).toBeCloseTo(value, 6);
          expect(total(series.series[index]!.points)).toBeCloseTo(value, 6);
        }
        expect(total(both.series.flatMap((line) => line.points))).toBe(whole.rows[0]![0]);
      }),
      { numRuns: 25 },
    );
  });

  it('compare with the same window earlier', async () => {
    const compared = await ask(
      'SELECT count(*), average(duration) FROM Transaction FACET name SINCE 20 minutes ago COMPARE WITH 20 minutes ago',
    );
    const earlier = await ask(
      'SELECT count(*), average(duration) FROM Transaction FACET name SINCE 40 minutes ago UNTIL 20 minutes ago',
    );
    const byName = new Map(earlier.rows.map((row) => [row[0], row]));
    compared.rows.forEach((row, index) => {
      expect(compared.compareRows![index]).toEqual(byName.get(row[0]!) ?? null);
    });
    expect(compared.rows.length).toBe(4);
  });

  it('estimate percentiles within the neighbouring values', async () => {
    const sorted = records
      .map(({ duration }) => duration)
      .filter((value): value is number => value !== undefined)
      .sort((a, b) => Number(a) - Number(b));
    const { rows } = await ask('SELECT percentile(duration, 5, 50, 95, 99), median(duration) FROM Transaction');
    [5, 50, 95, 99, 50].forEach((point, index) => {
      const position = (point / 100) * (sorted.length - 1);
      expect(rows[0]![index]).toBeGreaterThanOrEqual(sorted[Math.max(0, Math.floor(position) - 4)]!);
      expect(rows[0]![index]).toBeLessThanOrEqual(sorted[Math.min(sorted.length - 1, Math.ceil(position) + 4)]!);
    });
  });

  it('count each value of a histogram and of an Apdex once', async () => {
    const durations = records.map(({ duration }) => duration).filter((value): value is number => value !== undefined);
    const { rows } = await ask(
      'SELECT histogram(duration, 2, 4), apdex(duration, t: 0.5), cdfPercentage(duration, 1) FROM Transaction',
    );
    const bins = [0, 0, 0, 0];
    for (const value of durations) bins[Math.min(3, Math.floor(value / 0.5))]! += 1;
    expect(rows[0]![0]).toEqual({ start: 0, width: 0.5, counts: bins });
    const share = (bound: number) => durations.filter((value) => value <= bound).length / durations.length;
    expect(rows[0]![1]).toBeCloseTo((share(0.5) + share(2)) / 2, 9);
    expect(rows[0]![2]).toBeCloseTo(100 * share(1), 9);
  });

  it('slide windows over each other', async () => {
    const { series, buckets } = await ask('SELECT count(*) FROM Transaction TIMESERIES 10 minutes SLIDE BY 5 minutes');
    expect(buckets).toMatchObject({ widthMs: 600_000, stepMs: 300_000 });
    buckets!.begins.forEach((begin, index) => {
      const expected = records.filter(
        ({ timestamp }) => Number(timestamp) >= begin && Number(timestamp) < begin + 600_000,
      ).length;
      expect(series[0]!.points[index]).toBe(expected);
    });
  });

  it('follow a key through the steps of a funnel, each after the one before', async () => {
    const steps: [string, (record: PlainRecord) => boolean][] = [
      ["name = 'GET /'", (record) => record.name === 'GET /'],
      ['error IS TRUE', (record) => record.error === true],
      ['duration > 2', (record) => Number(record.duration) > 2],
    ];
    const wheres = steps.map(([text], index) => `WHERE ${text} AS 'step ${index + 1}'`).join(', ');
    const { columns, rows } = await ask(`SELECT funnel(city, ${wheres}) FROM Transaction`);
    expect(columns.map(({ label }) => label)).toEqual(['step 1', 'step 2', 'step 3']);
    const levels = new Map<string, number>();
    for (const record of records) {
      if (record.city === undefined) continue;
      const key = String(record.city);
      const level = levels.get(key) ?? 0;
      if (steps[level]?.[1](record)) levels.set(key, level + 1);
    }
    expect(rows[0]).toEqual([1, 2, 3].map((least) => [...levels.values()].filter((level) => level >= least).length));
    expect(rows[0]![0]).toBeGreaterThan(0);
    // A step that nothing reaches, and one reached only before the step it follows.
    const { rows: none } = await ask(
      `SELECT funnel(name, WHERE name = 'GET /' AS 'a', WHERE name = 'POST /cart' AS 'b') FROM Transaction`,
    );
    expect(none[0]).toEqual([1, 0]);
  });

  it('rate the last two values', async () => {
    const [before, last] = records.filter(({ duration }) => duration !== undefined).slice(-2);
    const slope =
      (Number(last!.duration) - Number(before!.duration)) /
      ((Number(last!.timestamp) - Number(before!.timestamp)) / 60_000);
    const { rows } = await ask('SELECT latestrate(duration, 1 minute), latestrate(missing, 1 minute) FROM Transaction');
    expect(rows[0]![0]).toBeCloseTo(slope, 6);
    expect(rows[0]![1]).toBeNull();
  });

  it('join records with what a subquery says of their key', async () => {
    const total = new Map<string, number>();
    for (const { name, service } of records) {
      if (service !== 'web') continue;
      total.set(String(name), (total.get(String(name)) ?? 0) + 1);
    }
    const nested = "(SELECT count(*) AS total FROM Transaction WHERE service = 'web' AND name != 'GET /' FACET name)";
    const inner = await ask(
      `SELECT latest(total), count(*) FROM Transaction JOIN ${nested} ON name FACET name LIMIT MAX`,
    );
    const count = (name: unknown) => records.filter((record) => record.name === name).length;
    expect(new Set(inner.rows.map((row) => row[0]))).toEqual(
      new Set([...total.keys()].filter((name) => name !== 'GET /')),
    );
    for (const [name, seen, all] of inner.rows) expect([seen, all]).toEqual([total.get(String(name)), count(name)]);
    const left = await ask(
      `SELECT count(*), count(total), latest(total) FROM Transaction LEFT JOIN ${nested} ON name = name FACET name LIMIT MAX`,
    );
    expect(left.rows.find((row) => row[0] === 'GET /')).toEqual(['GET /', count('GET /'), 0, null]);
    const rows = await ask(`SELECT name, total FROM Transaction JOIN ${nested} ON name LIMIT 3`);
    expect(rows.rows.map((row) => row[1])).toEqual(rows.rows.map((row) => total.get(String(row[0]))));
    await expect(ask(`SELECT count(*) FROM Transaction JOIN ${nested} ON city`)).rejects.toThrow('no column "city"');
  });

  it('filter by what a subquery gives', async () => {
    const cities = new Set(records.filter(({ service }) => service === 'web').map(({ city }) => city));
    const expected = records.filter(({ city }) => city !== undefined && cities.has(city)).length;
    const { rows } = await ask(
      "SELECT count(*) FROM Transaction WHERE city IN (SELECT city FROM Transaction WHERE service = 'web' LIMIT MAX)",
    );
    expect(rows[0]![0]).toBe(expected);
    const durations = records.flatMap(({ duration }) => (duration === undefined ? [] : [Number(duration)]));
    const average = durations.reduce((sum, value) => sum + value, 0) / durations.length;
    const above = await ask(
      'SELECT count(*) FROM Transaction WHERE duration > (SELECT average(duration) FROM Transaction)',
    );
    expect(above.rows[0]![0]).toBe(durations.filter((value) => value > average).length);
  });

  it('show all columns of a subquery, and NULL with a warning for one it has not', async () => {
    const all = await ask('SELECT * FROM (SELECT count(*) AS total FROM Transaction FACET name) ORDER BY total DESC');
    expect(all.columns.map(({ label }) => label)).toEqual(['name', 'total']);
    expect(all.rows.length).toBe(4);
    const missing = await ask(
      'SELECT sum(total), count(totl) FROM (SELECT count(*) AS total FROM Transaction FACET name)',
    );
    expect(missing.rows).toEqual([[records.length, 0]]);
    expect(JSON.stringify(missing)).toContain('The subquery has no column');
    const either = await ask(
      'SELECT uniqueCount(city OR name) FROM (SELECT count(*) FROM Transaction FACET city OR name)',
    );
    expect(either.rows[0]![0]).toBe(new Set(records.map(({ city, name }) => city ?? name)).size);
  });

  it('stop at the limits of a question', async () => {
    const heavy = 'SELECT uniqueCount(concat(a, b)) FROM (SELECT name AS a, city AS b FROM Transaction)';
    await expect(questions.ask(heavy, { scope: { projectId: project }, now, seconds: 5 })).resolves.toBeDefined();
    await expect(
      store.select({ sql: 'SELECT sum(sleepEachRow(0.5)) FROM numbers(20)', params: {} }, { seconds: 1 }),
    ).rejects.toMatchObject({ code: 'telemetry.query-time' });
    await expect(store.select({ sql: 'SELECT number FROM numbers(1000000)', params: {} })).rejects.toMatchObject({
      code: 'telemetry.query-result',
    });
    await expect(
      store.select({ sql: "INSERT INTO telemetry_migrations (id) VALUES ('x')", params: {} }),
    ).rejects.toThrow();
    await expect(store.select({ sql: 'DROP TABLE telemetry_logs', params: {} })).rejects.toThrow();
  });
});
