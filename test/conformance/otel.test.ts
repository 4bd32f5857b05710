import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Signal } from '../../src/integrations/otlp/messages.ts';
import { mapRequest } from '../../src/integrations/otlp/records.ts';
import type { Json } from '../../src/kernel/foreign-json.ts';
import { CumulativeState } from '../../src/platform/observe/cumulative.ts';

/** The nearest `shared/conformance/<set>` at or above this folder. */
function conformance(set: string): string | undefined {
  for (let folder = import.meta.dirname; ; folder = dirname(folder)) {
    const candidate = join(folder, 'shared', 'conformance', set);
    if (existsSync(candidate)) return candidate;
    if (folder === dirname(folder)) return undefined;
  }
}

const folder = conformance('otel');

describe.skipIf(!folder)('OTLP examples (skipped where shared/conformance/otel is absent)', () => {
  const cases = folder
    ? (JSON.parse(readFileSync(join(folder, 'index.json'), 'utf8')) as { id: string; file: string; signal: Signal }[])
    : [];
  it.each(cases)('$id is accepted whole', ({ file, signal }) => {
    const request = JSON.parse(readFileSync(join(folder!, file), 'utf8')) as Json;
    const { records, rejected } = mapRequest(signal, request, {
      projectId: 'p',
      now: 0,
      maxRecords: 1000,
      changes: new CumulativeState(0, 1000).begin(),
    });
    console.log(`otel: ${file} gives ${records.length} records, ${rejected} rejected`);
    expect(rejected).toBe(0);
    expect(records.length).toBeGreaterThan(0);
  });
});
