import { expect, it } from 'vitest';
import type { LogLine } from '../../../src/telemetry/api.ts';
import { inOrder } from './tail.ts';

const line = (cursor: string): LogLine => ({ cursor }) as LogLine;

it('lines that were missed take their place among those that came, each once', () => {
  const came = ['1700000000300000.40', '1700000000100000.50'].map(line);
  const missed = ['1700000000200000.30', '1700000000300000.40'].map(line);
  expect(inOrder([...missed, ...came]).map(({ cursor }) => cursor.split('.')[1])).toEqual(['30', '40', '50']);
});
