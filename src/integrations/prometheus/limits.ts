/** Limits of the remote-write intake. */
export const limits = {
  /** A request body as sent, and unpacked. */
  bodyBytes: 8 * 1024 * 1024,
  unpackedBytes: 32 * 1024 * 1024,
  /** Samples of one request; the rest is refused and counted. */
  samples: 50_000,
  /** Series whose last value is remembered, and metrics whose type is. */
  series: 200_000,
  metrics: 20_000,
} as const;
