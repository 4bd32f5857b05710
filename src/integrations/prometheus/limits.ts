/** Limits of remote write and of scraping. */
export const limits = {
  /** A request body as sent, and unpacked. */
  bodyBytes: 8 * 1024 * 1024,
  unpackedBytes: 32 * 1024 * 1024,
  /** Samples of one request; the rest is refused and counted. */
  samples: 50_000,
  /** Series whose last value is remembered, and metrics whose type is. */
  series: 200_000,
  metrics: 20_000,
  /** Series whose labels need not be read again; some 2 kB each. */
  known: 20_000,
  knownCharacters: 4096,
  /** The name a sender gives itself in the address. */
  sourceCharacters: 200,
  /** A page that is scraped, unpacked. */
  pageBytes: 16 * 1024 * 1024,
  labels: 64,
  targets: 2000,
  scrapesAtOnce: 16,
  /** How often, and how long an answer may take, where nobody says. */
  intervalMs: 15_000,
  timeoutMs: 10_000,
  leastIntervalMs: 500,
} as const;
