import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  answerFormat,
  ClickHouseError,
  insertFromFile,
  isInsert,
  quote,
  readRequest,
  settingsStatement,
  statusOf,
} from './protocol.ts';

describe('an insert whose rows are in the body', () => {
  test.each([
    ['INSERT INTO t FORMAT JSONEachRow', "INSERT INTO t FROM INFILE 'f' COMPRESSION 'none' FORMAT JSONEachRow"],
    [
      'insert into `a b`.t (x, y)\nformat TSV ;',
      "insert into `a b`.t (x, y) FROM INFILE 'f' COMPRESSION 'none' FORMAT TSV",
    ],
    [
      "INSERT INTO t SELECT x FROM (SELECT * FROM input('x DateTime(\\'UTC\\')')) FORMAT RowBinary",
      "INSERT INTO t SELECT x FROM (SELECT * FROM file('f', 'RowBinary', 'x DateTime(\\'UTC\\')', 'none'))",
    ],
    [
      "-- why\nINSERT INTO t (x) SETTINGS a = 1, b = 'it' FORMAT RowBinary",
      "-- why\nINSERT INTO t (x) FROM INFILE 'f' COMPRESSION 'none' SETTINGS a = 1, b = 'it' FORMAT RowBinary",
    ],
  ])('%s', (query, expected) => {
    expect(insertFromFile(query, 'f', 'none')).toBe(expected);
  });
  test.each(['INSERT INTO t VALUES (1)', 'INSERT INTO t FORMAT JSONEachRow {"a":1}', 'SELECT 1 FORMAT JSON'])(
    'not: %s',
    (query) => {
      expect(insertFromFile(query, 'f', 'none')).toBeUndefined();
    },
  );
  test('comments before INSERT do not hide it', () => {
    expect(isInsert('/* trace */ -- x\n insert into t select 1')).toBe(true);
    expect(isInsert('select 1 -- insert into')).toBe(false);
  });
});

test('the query string splits into settings, parameters and the interface’s own words', () => {
  const request = readRequest(
    new URLSearchParams('query=select+1&database=d&param_x=1&max_threads=2&query_id=q&enable_http_compression=1'),
    { 'accept-encoding': 'gzip' },
  );
  expect(request).toEqual({
    query: 'select 1',
    database: 'd',
    queryId: 'q',
    format: 'TabSeparated',
    compress: true,
    settings: [['max_threads', '2']],
    parameters: [['x', '1']],
  });
});

test('nothing in a value can leave its quotes', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const literal = quote(text);
      expect(/^'(?:[^'\\]|\\[\s\S])*'$/.test(literal)).toBe(true);
    }),
  );
  expect(() => settingsStatement([['a = 1, b', '2']], [])).toThrow('UNKNOWN_SETTING');
});

test('the format of the answer is the one the query names', () => {
  expect(answerFormat('select 1 FORMAT JSONEachRow', 'TSV')).toBe('JSONEachRow');
  expect(answerFormat('select 1 format JSON settings max_threads = 1;', 'TSV')).toBe('JSON');
  expect(answerFormat("select 'format JSON'", 'TSV')).toBe('TSV');
});

test('errors keep the engine’s code and get the server’s status', () => {
  const error = ClickHouseError.from(new Error('Code: 60. DB::Exception: Unknown table. (UNKNOWN_TABLE)'));
  expect([error.code, statusOf(error.code), error.message]).toEqual([
    60,
    404,
    'Code: 60. DB::Exception: Unknown table. (UNKNOWN_TABLE)',
  ]);
});
