import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SeenCatalogue } from '../../src/telemetry/catalogue.ts';
import { compileQuery } from '../../src/telemetry/nrql/compile.ts';
import { parse } from '../../src/telemetry/nrql/parser.ts';
import { print } from '../../src/telemetry/nrql/print.ts';
import { NrqlError } from '../../src/telemetry/nrql/problems.ts';

/** The nearest `shared/conformance/<set>` at or above this folder. */
function conformance(set: string): string | undefined {
  for (let folder = import.meta.dirname; ; folder = dirname(folder)) {
    const candidate = join(folder, 'shared', 'conformance', set);
    if (existsSync(candidate)) return candidate;
    if (folder === dirname(folder)) return undefined;
  }
}

const folder = conformance('nrql');

describe.skipIf(!folder)('real NRQL queries (skipped where shared/conformance/nrql is absent)', () => {
  const queries = (folder ? readFileSync(join(folder, 'queries.jsonl'), 'utf8').trim().split('\n') : []).map(
    (line) => JSON.parse(line) as { id: string; query: string },
  );
  const bare = (tree: unknown) =>
    JSON.stringify(tree, (key, value: unknown) => (key === 'at' || key === 'end' ? undefined : value));

  it('parse, and print to a text with the same meaning', () => {
    const refused: string[] = [];
    let parsed = 0;
    for (const { id, query } of queries) {
      try {
        const tree = parse(query);
        parsed += 1;
        if (bare(parse(print(tree))) !== bare(tree)) refused.push(`${id} prints to another tree: ${print(tree)}`);
      } catch (error) {
        if (!(error instanceof NrqlError)) throw error;
        refused.push(`${id} at ${error.place.at}: ${error.message}`);
      }
    }
    console.log(`nrql: ${parsed} of ${queries.length} parse`);
    expect(refused).toEqual([]);
  });

  it('compile, but for the few that ask what is not answered yet', () => {
    const refused = new Map<string, number>();
    let compiled = 0;
    for (const { query } of queries) {
      // A dashboard puts values in place of its variables before it asks.
      const text = query.replace(/\{\{\{?[^}]*\}\}\}?/g, (_, at: number) =>
        /['\w%-]/.test(query[at - 1] ?? '') ? 'x' : "'x'",
      );
      try {
        compileQuery(parse(text), {
          scope: { projectId: 'p' },
          catalogue: new SeenCatalogue(),
          now: 1_700_000_000_000,
        });
        compiled += 1;
      } catch (error) {
        if (!(error instanceof NrqlError)) throw error;
        refused.set(error.message, (refused.get(error.message) ?? 0) + 1);
      }
    }
    console.log(`nrql: ${compiled} of ${queries.length} compile; refused:`, Object.fromEntries(refused));
    expect(compiled / queries.length).toBeGreaterThan(0.97);
  });
});
