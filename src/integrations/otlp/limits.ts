/** Limits of the OTLP intake. */
export const limits = {
  /** A request body as sent. */
  bodyBytes: 16 * 1024 * 1024,
  /** After decompression. */
  inflatedBytes: 64 * 1024 * 1024,
  /** Spans, log records or data points in one request; the rest is rejected and named in the answer. */
  records: 50_000,
  /** Nesting of messages and of attribute values. */
  depth: 24,
  /** Buckets of one histogram point. */
  buckets: 512,
  /** Series of cumulative counters whose last value is remembered. */
  series: 200_000,
  /** Requests at once on one gRPC connection. */
  grpcStreams: 100,
  /** A gRPC connection without a request for so long is closed. */
  grpcIdleMs: 300_000,
  /** Requests under way when the program stops get so long. */
  grpcGraceMs: 3000,
} as const;
