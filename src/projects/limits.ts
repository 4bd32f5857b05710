/** Bounds of what comes in over git and webhooks. The size of a push is a setting of the project. */
export const gitLimits = {
  /** What a client says to get a pack: names of what it has and wants. After decompression. */
  fetchRequestBytes: 32 * 1024 * 1024,
  /** Git processes that serve clients at once; more are told to come back. */
  concurrent: 64,
  /** Listing refs of a large repository takes well under a second. */
  advertiseMs: 60_000,
} as const;

/** Bounds of a forge's webhook. GitHub sends at most 25 MB. */
export const hookLimits = {
  bodyBytes: 25 * 1024 * 1024,
  deliveryIdChars: 200,
  /** Remembered deliveries, against replays. */
  keptDays: 30,
  attempts: 8,
} as const;

/** Bounds of what is read from a repository for people and for pipelines. */
export const readLimits = {
  fileBytes: 5 * 1024 * 1024,
  listedPaths: 50_000,
  commitsInFact: 100,
} as const;
