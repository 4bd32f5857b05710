/** Limits of the Loki push intake. */
export const limits = {
  /** A request body as sent, and unpacked. */
  bodyBytes: 8 * 1024 * 1024,
  unpackedBytes: 64 * 1024 * 1024,
  /** Lines of one request; the rest is refused and counted. */
  lines: 50_000,
} as const;
