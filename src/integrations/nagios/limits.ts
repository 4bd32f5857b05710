/** Limits of the intake of Nagios' performance data. */
export const limits = {
  /** A request body as sent, and unpacked. */
  bodyBytes: 8 * 1024 * 1024,
  unpackedBytes: 32 * 1024 * 1024,
  /** Results of one request, figures of one result; the rest is refused and counted. */
  results: 20_000,
  valuesOfResult: 500,
  nameCharacters: 300,
  labelCharacters: 200,
  unitCharacters: 20,
  rangeCharacters: 100,
  outputCharacters: 4000,
} as const;
