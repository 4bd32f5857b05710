/** Limits of the embedded ClickHouse: measured to keep two cores responsive and the engine below 1.5 GB at its worst. */
export const limits = {
  /** Queries that run at once; more only slow each other down. */
  concurrentQueries: 2,
  concurrentInserts: 1,
  /** Requests that may wait for a turn before new ones are refused. */
  waitingQueries: 64,
  waitingInserts: 32,
  /** The address and headers of a request. */
  addressBytes: 1024 * 1024,
  /** A query text, or an insert with its data in the text. */
  queryBytes: 16 * 1024 * 1024,
  /** The body of an insert, as sent. */
  insertBytes: 256 * 1024 * 1024,
  /** Settings every query starts with; a request may set its own. */
  settings: {
    max_execution_time: '60',
    max_memory_usage: '700000000',
    max_result_bytes: '268435456',
    result_overflow_mode: 'throw',
  },
  /** How long running queries may take to finish after a stop is asked for. */
  drainMs: 5000,
} as const;
