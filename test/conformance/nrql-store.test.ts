import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SeenCatalogue } from '../../src/telemetry/catalogue.ts';
import { FrameEncoder } from '../../src/telemetry/frames.ts';
import { parse } from '../../src/telemetry/nrql/parser.ts';
import { createQuestions, type Questions } from '../../src/telemetry/query.ts';
import type { Store } from '../../src/telemetry/store.ts';
import { type TestStore, testStore } from '../harness/telemetry-store.ts';
import { conformanceFolder } from './folder.ts';

const folder = conformanceFolder('nrql');
const projectId = 'p';

/** Event types and attributes that a query names; texts and numbers are told apart by what an attribute is compared with. */
interface Names {
  types: Set<string>;
  numbers: Set<string>;
  texts: Set<string>;
}

function namesOf(query: string): Names {
  const names: Names = { types: new Set(), numbers: new Set(), texts: new Set() };
  const walk = (node: unknown, text: boolean): void => {
    if (Array.isArray(node)) for (const one of node) walk(one, text);
    if (typeof node !== 'object' || node === null || Array.isArray(node)) return;
    const { kind, name } = node as { kind?: string; name?: string };
    if (kind === 'type' && name) names.types.add(name);
    if (kind === 'attribute' && name) (text ? names.texts : names.numbers).add(name);
    const values = Object.values(node);
    const withText = values.some((one) => (one as { kind?: string } | null)?.kind === 'string');
    for (const [key, value] of Object.entries(node))
      walk(value, key === 'facet' || kind === 'like' || kind === 'in' || withText);
  };
  walk(parse(query), false);
  return names;
}

describe.skipIf(!folder)(
  'real NRQL queries on generated data (skipped where shared/conformance/nrql is absent)',
  () => {
    const queries = (folder ? readFileSync(join(folder, 'queries.jsonl'), 'utf8').trim().split('\n') : []).map(
      (line) => {
        const { id, query } = JSON.parse(line) as { id: string; query: string };
        // A dashboard puts values in place of its variables before it asks.
        const filled = query.replace(/\{\{\{?[^}]*\}\}\}?/g, (_, at: number) =>
          /['\w%-]/.test(query[at - 1] ?? '') ? 'x' : "'x'",
        );
        return { id, query: filled };
      },
    );
    let under: TestStore;
    let store: Store;
    let questions: Questions;

    beforeAll(async () => {
      under = await testStore();
      store = under.store;
      const catalogue = new SeenCatalogue();
      const encoder = new FrameEncoder(catalogue);
      const frames: Buffer[] = [];
      for (const { query } of queries) {
        const { types, numbers, texts } = namesOf(query);
        const records = [...types].flatMap((type) =>
          [1, 2, 3].flatMap((each) => {
            const attributes = Object.fromEntries([
              ...[...texts].map((name) => [name, each === 1 ? 'x' : `${name} ${each}`] as const),
              ...(type === 'Metric' ? [] : [...numbers].map((name) => [name, each * 1.5] as const)),
            ]);
            const record = { type, timestamp: Date.now() - each * 60_000, projectId };
            if (type !== 'Metric') return [{ ...record, attributes }];
            const point = { count: 1, total: each, min: each, max: each, latest: each };
            return [...numbers].map((metricName) => ({
              ...record,
              attributes: { ...attributes, metricName, ...point },
            }));
          }),
        );
        frames.push(encoder.encode(records, Date.now(), () => undefined).buffer);
      }
      const filled = frames.filter((frame) => frame.length > 0);
      for (let at = 0; at < filled.length; at += 500) await store.insert(filled.slice(at, at + 500), `batch ${at}`);
      questions = createQuestions(store, catalogue, { now: Date.now });
    }, 120_000);

    afterAll(async () => {
      await under?.close();
    });

    it('are answered without an error of the store', { timeout: 900_000 }, async () => {
      const failed: string[] = [];
      let rows = 0;
      for (const { id, query } of queries) {
        try {
          const answer = await questions.ask(query, { scope: { projectId }, now: Date.now() });
          if (answer.rows.length > 0 || answer.series.length > 0) rows += 1;
        } catch (error) {
          failed.push(`${id} ${query.slice(0, 200)}: ${(error as Error).message}`);
        }
      }
      console.log(`nrql: ${queries.length - failed.length} of ${queries.length} run, ${rows} with rows`);
      expect(failed).toEqual([]);
    });
  },
);
