import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { compileText } from '../../src/telemetry/compile-text.ts';
import { parse } from '../../src/telemetry/nrql/parser.ts';
import { print } from '../../src/telemetry/nrql/print.ts';
import { NrqlError } from '../../src/telemetry/nrql/problems.ts';
import { conformanceFolder } from './folder.ts';

const folder = conformanceFolder('nrql');

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

  it('compile, as `millrace query --compile` says, and docs/nrql.md counts them', () => {
    const refused: string[] = [];
    for (const { id, query } of queries) {
      const { ok, problems } = compileText(query, 1_700_000_000_000, 'p');
      if (!ok) refused.push(`${id}: ${problems[0]!.message}`);
    }
    console.log(`nrql: ${queries.length - refused.length} of ${queries.length} compile; refused:`, refused);
    expect(refused.length / queries.length).toBeLessThan(0.03);
    const page = readFileSync(new URL('../../docs/nrql.md', import.meta.url), 'utf8');
    expect(page).toContain(`${queries.length - refused.length} of ${queries.length} compile`);
  });
});
