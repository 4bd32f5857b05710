import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type GoldenFile, readGolden, sameLine, writeAnswer } from '../../../test/harness/nrql-golden.ts';
import { type TestStore, testStore } from '../../../test/harness/telemetry-store.ts';
import { Fault } from '../../kernel/faults.ts';
import { SeenCatalogue } from '../catalogue.ts';
import { FrameEncoder } from '../frames.ts';
import { createQuestions, type Questions } from '../query.ts';
import type { Store } from '../store.ts';

/** Data, questions and answers worked out by hand, in plain text files; asked of a real ClickHouse. */
const folder = join(import.meta.dirname, '../../../test/golden/nrql');
const files = new Map<string, GoldenFile>(
  readdirSync(folder)
    .filter((name) => name.endsWith('.txt'))
    .map((name) => [name.replace('.txt', ''), readGolden(readFileSync(join(folder, name), 'utf8'))]),
);

let under: TestStore;
let store: Store;
let questions: Questions;

beforeAll(async () => {
  under = await testStore();
  store = under.store;
  const catalogue = new SeenCatalogue();
  const encoder = new FrameEncoder(catalogue);
  for (const [name, file] of files) {
    const records = [...file.uses.flatMap((used) => files.get(used)!.records), ...file.records];
    const { buffer } = encoder.encode(
      records.map((record) => ({ ...record, projectId: name })),
      file.now,
      (_, reason) => {
        throw new Error(reason);
      },
    );
    await store.insert([buffer], name);
  }
  questions = createQuestions(store, catalogue, { now: () => 0 });
});

afterAll(async () => {
  await under?.close();
});

async function answerOf(nrql: string, projectId: string, now: number): Promise<string[]> {
  try {
    return writeAnswer(await questions.ask(nrql, { scope: { projectId }, now }));
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    const problem = error.problems[0];
    return [`refused ${problem?.line}:${problem?.column} ${problem?.message ?? error.message}`];
  }
}

describe.each([...files].filter(([, { cases }]) => cases.length > 0))('%s', (name, file) => {
  it.each(file.cases)('line $line: $nrql', async ({ nrql, expected }) => {
    const found = await answerOf(nrql, name, file.now);
    const same = found.length === expected.length && found.every((line, index) => sameLine(line, expected[index]!));
    if (!same) expect(found).toEqual(expected);
  });
});
