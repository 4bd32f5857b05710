/** Limits of what pages send. */
export const limits = {
  bodyBytes: 256 * 1024,
  events: 100,
  attributes: 64,
  nameCharacters: 100,
  valueCharacters: 4096,
  /** Events that waited longer on their page are dated to when they came. */
  ageMs: 24 * 3_600_000,
  stackFrames: 50,
} as const;
