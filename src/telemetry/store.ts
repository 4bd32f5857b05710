import { Readable } from 'node:stream';
import { type ClickHouseClient, createClient } from '@clickhouse/client';
import { Fault } from '../kernel/faults.ts';
import { columnsOf, type News, newsOf, splitFrames } from './frames.ts';
import { limits } from './limits.ts';
import { storeMigrations } from './migrations/clickhouse.ts';
import { insertPoints, insertSamples } from './samples.ts';

export interface QueryResult {
  rows: unknown[][];
  rowsRead: number;
  bytesRead: number;
}

/** Everything telemetry says to ClickHouse. */
export interface Store {
  /** Brings the schema up to date; a step that ran is not run again. */
  migrate(): Promise<void>;
  /** Stores a batch. The same token with the same frames may come any number of times and is stored once. */
  insert(frames: readonly Buffer[], token: string): Promise<{ rows: number; news: News[] }>;
  /** What is known of attributes. */
  attributes(): Promise<News[]>;
  /** Runs one SELECT, read-only, within the limits of `limits.ts`. A refusal of the engine becomes a Fault. */
  select(
    statement: { sql: string; params: Record<string, unknown> },
    options?: { seconds?: number; signal?: AbortSignal },
  ): Promise<QueryResult>;
  /**
   * Runs a SELECT that a person wrote, as read-only as the engine can be: no settings, no tables of other places, no files.
   * Within the same limits.
   */
  selectRaw(sql: string): Promise<QueryResult & { columns: { name: string; type: string }[] }>;
  /** Runs one statement that answers nothing. Its text is Millrace's own. */
  command(sql: string): Promise<void>;
  ping(): Promise<boolean>;
  close(): Promise<void>;
}

/** Opens a ClickHouse by URL (`http://user:password@host:port/database`). Connects on first use. */
export function openStore(url: string): Store {
  const client: ClickHouseClient = createClient({
    url,
    request_timeout: 60_000,
    max_open_connections: 8,
    keep_alive: { enabled: true, idle_socket_ttl: 1500 },
    clickhouse_settings: { output_format_json_quote_64bit_integers: 0, output_format_json_quote_denormals: 0 },
    log: { level: 127 },
  });
  async function run(
    sql: string,
    params: Record<string, unknown>,
    options: { seconds?: number | undefined; signal?: AbortSignal | undefined; readonly: '1' | '2' },
  ): Promise<QueryResult & { columns: { name: string; type: string }[] }> {
    try {
      const result = await client.query({
        query: sql,
        query_params: params,
        format: 'JSONCompact',
        ...(options.signal ? { abort_signal: options.signal } : {}),
        clickhouse_settings: {
          readonly: options.readonly,
          max_execution_time: options.seconds ?? limits.query.seconds,
          timeout_overflow_mode: 'throw',
          max_memory_usage: String(limits.query.memoryBytes),
          max_bytes_before_external_group_by: String(limits.query.memoryBytes / 2),

          max_rows_to_read: String(limits.query.rowsRead),
          max_result_rows: String(limits.query.resultRows),
          result_overflow_mode: 'throw',
          output_format_json_quote_64bit_integers: 0,
          output_format_json_quote_denormals: 0,
          // Map subscripts of an absent key are never used (mapContains guards them), and NULL in IN is no match.
          transform_null_in: 0,
          join_use_nulls: 1,
        },
      });
      const answer = JSON.parse(await result.text()) as {
        meta: { name: string; type: string }[];
        data: unknown[][];
        statistics?: { rows_read?: number; bytes_read?: number };
      };
      return {
        columns: answer.meta,
        rows: answer.data,
        rowsRead: answer.statistics?.rows_read ?? 0,
        bytesRead: answer.statistics?.bytes_read ?? 0,
      };
    } catch (error) {
      throw refusal(error);
    }
  }

  return {
    async migrate() {
      await client.command({
        query: `CREATE TABLE IF NOT EXISTS telemetry_migrations (id String, at DateTime DEFAULT now()) ENGINE = MergeTree ORDER BY id`,
      });
      const result = await client.query({ query: 'SELECT id FROM telemetry_migrations', format: 'JSONEachRow' });
      const known = new Set((await result.json<{ id: string }>()).map(({ id }) => id));
      for (const migration of storeMigrations) {
        if (known.has(migration.id)) continue;
        // Every statement can run again, since a crash may fall between two of them.
        for (const statement of migration.statements) await client.command({ query: statement });
        await client.insert({ table: 'telemetry_migrations', values: [{ id: migration.id }], format: 'JSONEachRow' });
      }
    },

    async insert(frames, token) {
      let rows = 0;
      for (const batch of splitFrames(frames)) {
        rows += batch.rows;
        await client
          .exec({
            query:
              batch.table === 'points'
                ? insertPoints()
                : batch.table === 'telemetry_samples'
                  ? insertSamples()
                  : `INSERT INTO ${batch.table} (${columnsOf(batch.table).join(', ')}) FORMAT RowBinary`,
            values: Readable.from(batch.parts, { objectMode: false }),
            clickhouse_settings: {
              insert_deduplicate: 1,
              insert_deduplication_token: `${token}-${batch.table}`,
              // A view of points keeps a batch once too, also when a crash fell between the two.
              deduplicate_blocks_in_dependent_materialized_views: 1,
              // One block, so that the batch is stored as a whole or not at all.
              max_insert_block_size: '10000000',
              min_insert_block_size_rows: /samples|points/.test(batch.table) ? '10000000' : '0',
              min_insert_block_size_bytes: '0',
              max_partitions_per_insert_block: '0',
            },
          })
          .then(async ({ stream }) => {
            for await (const _ of stream);
          });
      }
      const news = newsOf(frames);
      if (news.length > 0) {
        await client.insert({
          table: 'telemetry_attributes',
          values: news,
          columns: ['projectId', 'eventType', 'name', 'type'],
          format: 'JSONEachRow',
          clickhouse_settings: { insert_deduplication_token: `${token}-attributes` },
        });
      }
      return { rows, news };
    },

    async attributes() {
      const result = await client.query({
        query: 'SELECT DISTINCT projectId, eventType, name, type FROM telemetry_attributes LIMIT 1000000',
        format: 'JSONEachRow',
      });
      return await result.json<News>();
    },

    async select({ sql, params }, options = {}) {
      const { columns: _, ...answer } = await run(sql, params, {
        seconds: options.seconds,
        signal: options.signal,
        // Values and limits travel as settings.
        readonly: '2',
      });
      return answer;
    },

    selectRaw: (sql) => run(sql, {}, { readonly: '1' }),

    async command(sql) {
      await client.command({ query: sql });
    },

    async ping() {
      return (await client.ping()).success;
    },
    close: () => client.close(),
  };
}

/** What went wrong, for the person who asked. */
function refusal(error: unknown): unknown {
  const code = Number((error as { code?: string }).code);
  const message = error instanceof Error ? error.message : String(error);
  const narrow = 'Ask about a shorter time, fewer groups, or add a WHERE on service or environment.';
  switch (code) {
    case 159:
    case 160:
      return new Fault('unprocessable', `This question took longer than ${limits.query.seconds} s and was stopped`, {
        code: 'telemetry.query-time',
        hint: narrow,
        cause: error,
      });
    case 241:
      return new Fault('unprocessable', 'This question needs more memory than one question may have', {
        code: 'telemetry.query-memory',
        hint: narrow,
        cause: error,
      });
    case 158:
    case 307:
      return new Fault('unprocessable', 'This question would read more records than one question may', {
        code: 'telemetry.query-rows',
        hint: narrow,
        cause: error,
      });
    case 396:
      return new Fault('unprocessable', 'The answer is too large', {
        code: 'telemetry.query-result',
        hint: narrow,
        cause: error,
      });
    case 202:
      return new Fault('too-many', 'Too many questions are being answered at once', {
        code: 'telemetry.query-busy',
        retryAfter: 2,
        cause: error,
      });
    default:
  }
  if (/ECONNREFUSED|ECONNRESET|EPIPE|socket hang up|timeout/i.test(message)) {
    return new Fault('unavailable', 'The telemetry store does not answer', {
      code: 'telemetry.store',
      retryAfter: 5,
      cause: error,
      hint: 'What comes in meanwhile is kept in the spool.',
    });
  }
  return error;
}
