import { createClient } from '@clickhouse/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type TestStore, testStore } from '../../../test/harness/telemetry-store.ts';
import { SeenCatalogue } from '../catalogue.ts';
import { FrameEncoder } from '../frames.ts';
import { createQuestions, type Questions } from '../query.ts';

const scope = { projectId: 'p' };
const hour = 3_600_000;
/** No whole five minutes, as times up to now are. */
const now = Math.floor(Date.now() / hour) * hour - 83_456;
const lines = 40_000;

let under: TestStore;
let questions: Questions;

beforeAll(async () => {
  under = await testStore();
  const catalogue = new SeenCatalogue();
  const encoder = new FrameEncoder(catalogue);
  const records = Array.from({ length: lines }, (_, index) => ({
    type: 'Log',
    projectId: index % 11 === 0 ? 'other' : 'p',
    timestamp: now - ((index * 7919) % lines) * ((26 * hour) / lines),
    attributes: {
      service: ['web', 'mail', 'shop', undefined][index % 4],
      environment: index % 3 === 0 ? 'staging' : 'production',
      level: index % 50 === 0 ? 'error' : 'info',
      message: `line ${index}`,
    },
  }));
  for (let from = 0; from < lines; from += 10_000) {
    const { buffer } = encoder.encode(records.slice(from, from + 10_000), now, () => expect.unreachable());
    await under.store.insert([buffer], `batch ${from}`);
  }
  const client = createClient({ url: under.url });
  await client.command({ query: 'OPTIMIZE TABLE telemetry_logs FINAL' });
  await client.close();
  questions = createQuestions(under.store, catalogue, { now: () => now });
});

afterAll(async () => {
  await under?.close();
});

const queries = [
  'SELECT count(*) FROM Log FACET service.name TIMESERIES SINCE 1 day ago',
  'SELECT count(*) FROM Log TIMESERIES 1 hour SINCE 1 day ago UNTIL 90 minutes ago',
  'SELECT count(*), rate(count(*), 1 minute) FROM Log FACET service, level SINCE 1 day ago',
  "SELECT percentage(count(*), WHERE level = 'error') FROM Log TIMESERIES 2 hours SLIDE BY 30 minutes SINCE 1 day ago",
  "SELECT filter(count(*), WHERE level != 'error') FROM Log WHERE service IS NULL OR service LIKE 'm%' FACET environment TIMESERIES 30 minutes SINCE 20 hours ago COMPARE WITH 4 hours ago",
  'SELECT count(*), uniqueCount(service) FROM Log SINCE 25 hours ago',
  "SELECT count(*) FROM Log WHERE service = 'nobody' SINCE 1 day ago",
];

describe('what only counts', () => {
  it.each(queries)('is answered from what the store has counted, as from the lines: %s', async (nrql) => {
    const asked = questions.compile(nrql, { scope });
    expect(asked.main.sql).toContain('AS records');
    const each = nrql.replace('FROM Log', 'FROM Log, Nothing');
    expect(questions.compile(each, { scope }).main.sql).not.toContain('AS records');
    const [answer, expected] = [await questions.ask(nrql, { scope }), await questions.ask(each, { scope })];
    expect([answer.rows, answer.series]).toEqual([expected.rows, expected.series]);
    expect(JSON.stringify([answer.rows, answer.series]).length).toBeGreaterThan(4);
    const { sql, params } = asked.main;
    const plan = await under.store.select({ sql: `EXPLAIN ${sql}`, params });
    expect(plan.rows.flat().join('\n')).toContain('(volume)');
  });

  it.each([
    'SELECT count(*) FROM Log SINCE 1 hour ago',
    "SELECT count(*) FROM Log WHERE message LIKE '%1%' SINCE 1 day ago",
    'SELECT count(*) FROM Log FACET host SINCE 1 day ago',
    'SELECT count(*) FROM Log TIMESERIES 7 minutes SINCE 1 day ago',
    'SELECT count(message) FROM Log SINCE 1 day ago',
    'SELECT count(*) FROM Log WHERE timestamp > 7 SINCE 1 day ago',
  ])('is answered from the lines where it asks more of them: %s', (nrql) => {
    expect(questions.compile(nrql, { scope }).main.sql).not.toContain('AS records');
  });

  it('within a release, which is not counted, reads the lines', () => {
    const of = { projectId: 'p', release: 'r1' };
    expect(questions.compile(queries[0]!, { scope: of }).main.sql).not.toContain('AS records');
  });
});
