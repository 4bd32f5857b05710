import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  type ExpressionValue,
  evaluateExpression,
  isTruthy,
} from '../../src/integrations/circleci/expression/evaluate.ts';
import { conformanceFolder } from './folder.ts';

interface Case {
  id: string;
  expression: string;
  environment: Record<string, string | number | boolean | null>;
  value?: unknown;
  truth?: boolean;
  error?: { errorType: string; tokenType?: string; lexeme: string; charPos: number };
}

const folder = conformanceFolder('circleci');

describe.skipIf(!folder)('expressions of CircleCI (outside cases)', () => {
  const cases = folder ? (JSON.parse(readFileSync(join(folder, 'expr/cases.json'), 'utf8')) as Case[]) : [];

  it(`evaluates all ${cases.length} cases as CircleCI does`, () => {
    const wrong = cases.flatMap((one) => {
      const result = evaluateExpression(one.expression, (name) => one.environment[name]);
      const got = result.ok
        ? { value: asJson(result.value), truth: isTruthy(result.value) }
        : { error: { ...result.error } };
      const want = one.error
        ? { error: one.error }
        : { value: 'value' in one ? one.value : asJson(result.ok ? result.value : undefined), truth: one.truth };
      return JSON.stringify(sorted(got)) === JSON.stringify(sorted(want)) ? [] : [{ id: one.id, got, want }];
    });
    console.log(`CircleCI expressions: ${cases.length - wrong.length} of ${cases.length} cases agree`);
    expect(wrong).toEqual([]);
  });
});

function asJson(value: ExpressionValue): unknown {
  if (value === undefined) return null;
  return typeof value === 'bigint' ? Number(value) : value;
}

function sorted(value: unknown): unknown {
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, one]) => one !== undefined)
      .sort(([a], [b]) => a.localeCompare(b))
      .map(([key, one]) => [key, sorted(one)]),
  );
}
