import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { directoryShelf, lintWithOrbs } from '../../src/integrations/circleci/index.ts';
import { conformanceFolder } from './folder.ts';

interface Case {
  id: string;
  file: string;
  scope: string;
  expect: 'valid' | 'invalid' | 'unlabelled';
  needs?: string[];
  fragment?: boolean;
  diagnostics?: { severity: string; line: number; message?: string }[];
}

const folder = conformanceFolder('circleci');

describe.skipIf(!folder)('configurations of CircleCI (outside cases)', () => {
  const cases = folder ? (JSON.parse(readFileSync(join(folder, 'configs/index.json'), 'utf8')) as Case[]) : [];

  it('refuses what is invalid, at its place, and nothing that is valid', async () => {
    const refused: string[] = [];
    const accepted: string[] = [];
    const misplaced: string[] = [];
    const unplaced: string[] = [];
    let valid = 0;
    let invalid = 0;
    let placed = 0;
    for (const one of cases) {
      const text = readFileSync(join(folder!, 'configs', one.file), 'utf8');
      const found = await lintWithOrbs('config.yml', text, { shelves: [directoryShelf(join(folder!, 'orbs'))] });
      const errors = found.filter((problem) => problem.severity === 'error');
      unplaced.push(
        ...found.filter(({ file, line, column }) => !file || !line || !column).map(({ message }) => message),
      );
      if (one.expect === 'valid') {
        valid += 1;
        if (errors.length > 0) refused.push(`${one.id}: ${errors[0]!.line}: ${errors[0]!.message}`);
      } else if (one.expect === 'invalid') {
        invalid += 1;
        if (errors.length === 0) accepted.push(one.id);
        const lines = (one.diagnostics ?? []).filter((want) => want.severity === 'error').map((want) => want.line);
        placed += lines.length > 0 ? 1 : 0;
        const missing = lines.filter((line) => !errors.some((error) => error.line === line));
        if (missing.length > 0 && errors.length > 0) {
          misplaced.push(
            `${one.id}: wants ${missing.join(', ')}, has ${errors.map((error) => `${error.line} ${error.message}`).join(' | ')}`,
          );
        }
      }
    }
    console.log(
      [
        `CircleCI configurations: ${valid - refused.length} of ${valid} valid accepted, ${invalid - accepted.length} of ${invalid} invalid refused, ${placed - misplaced.length} of ${placed} at the expected line`,
        ...[
          ...refused.map((one) => `refused  ${one}`),
          ...accepted.map((one) => `accepted ${one}`),
          ...misplaced.map((one) => `misplaced ${one}`),
        ],
      ].join('\n'),
    );
    // What may disagree: a required parameter left out, which the source's editor lets pass and CircleCI refuses; and the list of
    // Xcode versions, which Millrace does not keep.
    expect(refused.length).toBeLessThanOrEqual(1);
    expect(accepted.length).toBeLessThanOrEqual(1);
    expect(misplaced).toEqual([]);
    expect(unplaced).toEqual([]);
  });
});
