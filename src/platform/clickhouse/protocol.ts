/**
 * The part of ClickHouse's HTTP interface that is pure: what a request asks for, and how an answer is labelled.
 * https://clickhouse.com/docs/interfaces/http
 */
export interface Request {
  /** Statement text; for an insert whose data follows in the body, without the data. */
  query: string;
  database: string | undefined;
  queryId: string | undefined;
  format: string;
  compress: boolean;
  /** Engine settings, in the order given. */
  settings: [name: string, value: string][];
  /** Values of `{name:Type}` placeholders, in ClickHouse's escaped form, as sent. */
  parameters: [name: string, value: string][];
}

/** Query-string names that are addressed to the HTTP interface itself, not settings of the engine. */
const ownNames = new Set([
  'query',
  'database',
  'query_id',
  'default_format',
  'user',
  'password',
  'session_id',
  'session_timeout',
  'session_check',
  'close_session',
  'quota_key',
  'role',
  'compress',
  'decompress',
  'enable_http_compression',
  'http_zlib_compression_level',
  'wait_end_of_query',
  'buffer_size',
  'send_progress_in_http_headers',
  'http_headers_progress_interval_ms',
  'stacktrace',
]);

export function readRequest(parameters: URLSearchParams, headers: Record<string, string | undefined>): Request {
  const settings: Request['settings'] = [];
  const bound: Request['parameters'] = [];
  for (const [name, value] of parameters) {
    if (name.startsWith('param_')) bound.push([name.slice('param_'.length), value]);
    else if (!ownNames.has(name)) settings.push([name, value]);
  }
  return {
    query: parameters.get('query') ?? '',
    database: parameters.get('database') ?? headers['x-clickhouse-database'],
    queryId: parameters.get('query_id') ?? undefined,
    format: parameters.get('default_format') ?? headers['x-clickhouse-format'] ?? 'TabSeparated',
    compress: parameters.get('enable_http_compression') === '1' && /\bgzip\b/.test(headers['accept-encoding'] ?? ''),
    settings,
    parameters: bound,
  };
}

const namePattern = /^[A-Za-z_][A-Za-z0-9_.]*$/;

/** A text as a literal of ClickHouse's SQL. */
export const quote = (text: string): string =>
  `'${text.replace(/[\\']/g, (character) => `\\${character}`).replaceAll('\0', '\\0')}'`;

/** A name as an identifier of ClickHouse's SQL. */
export const identifier = (name: string): string => `\`${name.replace(/[\\`]/g, (character) => `\\${character}`)}\``;

/**
 * The statement that puts a session into the state the request wants: settings, then parameter values.
 * Throws a ClickHouseError (UNKNOWN_SETTING) for a name that cannot be one.
 */
export function settingsStatement(
  settings: Iterable<readonly [string, string]>,
  parameters: Request['parameters'],
): string {
  const parts: string[] = [];
  for (const [name, value] of settings) {
    if (!namePattern.test(name)) throw new ClickHouseError(115, 'UNKNOWN_SETTING', `Unknown setting ${quote(name)}`);
    parts.push(`${name} = ${quote(value)}`);
  }
  for (const [name, value] of parameters) {
    if (!namePattern.test(name)) throw new ClickHouseError(36, 'BAD_ARGUMENTS', `Bad parameter name ${quote(name)}`);
    parts.push(`param_${name} = ${quote(value)}`);
  }
  return `SET ${parts.join(', ')}`;
}

/** `INSERT INTO ... [SETTINGS ...] FORMAT X` and nothing after it: the data comes in the body. */
const insertHead =
  /^((?:\s|--[^\n]*\n|\/\*[\s\S]*?\*\/)*insert\s+into\s[\s\S]*?)(\s+settings\s[^']*(?:'[^']*'[^']*)*?)?\s+format\s+([A-Za-z0-9]+)\s*;?\s*$/i;

/** The body as a table: `INSERT INTO t SELECT ... FROM input('column type, ...') FORMAT X`. */
const inputTable = /\binput\s*\(\s*('(?:[^'\\]|\\.)*')\s*\)/i;

/** Whether the body of a request with this query is rows, and if so the same insert reading them from a file. */
export function insertFromFile(query: string, file: string, compression: 'gzip' | 'none'): string | undefined {
  const match = insertHead.exec(query);
  if (!match) return undefined;
  const [, head, settings = '', format] = match;
  const input = inputTable.exec(head!);
  if (input) {
    const rows = `file(${[file, format!].map(quote).join(', ')}, ${input[1]}, ${quote(compression)})`;
    return head!.slice(0, input.index) + rows + head!.slice(input.index + input[0].length) + settings;
  }
  return `${head} FROM INFILE ${quote(file)} COMPRESSION ${quote(compression)}${settings} FORMAT ${format}`;
}

export const isInsert = (query: string): boolean => /^(?:\s|--[^\n]*\n|\/\*[\s\S]*?\*\/)*insert\s/i.test(query);

/** The format an answer will be in: the query's own FORMAT clause, or the request's. */
export function answerFormat(query: string, requested: string): string {
  return /\sformat\s+([A-Za-z0-9]+)\s*(?:settings\s[\s\S]*)?;?\s*$/i.exec(query)?.[1] ?? requested;
}

export function contentType(format: string): string {
  if (/^JSON.*EachRow/.test(format)) return 'application/x-ndjson; charset=UTF-8';
  if (format.startsWith('JSON')) return 'application/json; charset=UTF-8';
  if (format.startsWith('CSV')) return 'text/csv; charset=UTF-8';
  if (format === 'XML') return 'application/xml; charset=UTF-8';
  if (/^(RowBinary|Native|Parquet|Arrow|ORC|Avro|MsgPack)/.test(format)) return 'application/octet-stream';
  return format.startsWith('T') ? 'text/tab-separated-values; charset=UTF-8' : 'text/plain; charset=UTF-8';
}

/** What the engine refused, in the form every ClickHouse client parses. */
export class ClickHouseError extends Error {
  readonly code: number;

  constructor(code: number, name: string, message: string) {
    super(`Code: ${code}. DB::Exception: ${message}. (${name})`);
    this.name = 'ClickHouseError';
    this.code = code;
  }

  /** From an error of the embedded engine, whose text has that form already. */
  static from(error: unknown): ClickHouseError {
    if (error instanceof ClickHouseError) return error;
    const message = error instanceof Error ? error.message : String(error);
    const code = Number(/Code: (\d+)/.exec(message)?.[1] ?? 1002);
    const known = new ClickHouseError(code, 'UNKNOWN_EXCEPTION', message);
    if (/Code: \d+\. DB::Exception/.test(message)) known.message = message;
    return known;
  }
}

const badRequest = new Set([6, 25, 26, 27, 36, 38, 41, 43, 44, 53, 57, 62, 70, 72, 117, 427, 456, 457]);
const notFound = new Set([16, 46, 47, 50, 56, 60, 73, 81, 115]);

/** The status ClickHouse's server answers an error with. */
export function statusOf(code: number): number {
  if (badRequest.has(code)) return 400;
  if (notFound.has(code)) return 404;
  if (code === 193 || code === 194 || code === 516) return 401;
  if (code === 164 || code === 497) return 403;
  if (code === 159) return 408;
  if (code === 48) return 501;
  if (code === 202) return 503;
  return 500;
}
