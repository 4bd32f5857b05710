/** Limits of the StatsD listener. */
export const limits = {
  /** Series (a name with its tags) kept apart within one interval. */
  series: 20_000,
  tags: 50,
  nameCharacters: 255,
  /** Different values of one set within one interval. */
  setValues: 10_000,
  /** Points on their way to the spool. */
  waiting: 100_000,
  atOnce: 5000,
  everyMs: 200,
  /** What came in is added up over so long. */
  flushMs: 10_000,
} as const;
