/** Limits of the Fluent forward listener. */
export const limits = {
  /** One message, compressed or not. */
  messageBytes: 16 * 1024 * 1024,
  /** Its entries after decompression. */
  unpackedBytes: 64 * 1024 * 1024,
  entries: 50_000,
  /** Keys of one map, values of one list. */
  members: 100_000,
  connections: 500,
  idleMs: 24 * 3_600_000,
} as const;
