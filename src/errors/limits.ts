/**
 * What is kept of one event, whatever its client sent. Everything over is cut and noted on the event, never refused.
 * Lengths are in UTF-16 units, counts in items.
 */
export const eventLimits = {
  message: 8192,
  exceptionValue: 8192,
  exceptions: 50,
  /** Frames of one stack; the middle is cut away, since both ends tell the story. */
  frames: 250,
  sourceLine: 512,
  sourceLinesAround: 10,
  variables: 50,
  variable: 1024,
  name: 512,
  path: 1024,
  breadcrumbs: 100,
  breadcrumbData: 20,
  breadcrumbValue: 2048,
  tags: 100,
  tagKey: 200,
  tagValue: 200,
  extra: 100,
  extraValue: 16_384,
  contexts: 50,
  contextFields: 50,
  contextValue: 2048,
  headers: 50,
  header: 2048,
  body: 16_384,
  modules: 1000,
  fingerprint: 20,
  fingerprintPart: 512,
  notes: 50,
  /** How far in the future an event may say it happened (ms); later ones are set to the time of arrival. */
  future: 60_000,
  /** How far in the past (ms). */
  past: 30 * 86_400_000,
  /** Text that goes through the patterns of message grouping. */
  groupedText: 8192,
} as const;

/** What a project may keep and make. */
export const roomLimits = {
  /** Events kept in full for one issue: the first, the first of each release, and the latest that were sampled. */
  eventsPerIssue: 200,
  /** Of one group in one release; after them one in each second is kept in full, and all are counted. */
  eventsKeptAtFirst: 50,
  /** Kept of one issue from one batch; a flood of one error is counted in full and kept in samples. */
  eventsPerIssueAndBatch: 50,
  /** Thinning out starts this far over the limit, so that it is rare. */
  eventsPerIssueSlack: 50,
  /** New issues of one project in an hour; further groups go to one issue that says so. */
  newIssuesPerHour: 500,
  /** Errors a project may send on average, and at once; beyond, its clients are told to wait. */
  eventsPerSecond: 5000,
  eventsAtOnce: 50_000,
  /** Bytes of events that may wait for being grouped. */
  spoolBytes: 4 * 1024 ** 3,
  /** Bytes of events that wait for being grouped and need not be unpacked again. */
  heldBytes: 16 * 1024 * 1024,
  /** Events grouped and stored in one transaction. */
  batch: 400,
  /** Bytes of events in one transaction, unless a single one has more. */
  batchBytes: 16 * 1024 * 1024,
  /** Distinct users counted for one issue. */
  usersPerIssue: 10_000,
  /** Of attachments, replays and profiles of one project; beyond, further ones are counted as refused. */
  fileBytesPerProject: 1024 ** 3,
  /** How long they are kept (ms). */
  filesKeptFor: 30 * 86_400_000,
  /** How long source maps are kept (ms). */
  mapsKeptFor: 90 * 86_400_000,
  /** How long the id of an event is remembered, so that it counts once (ms). */
  rememberedFor: 3 * 86_400_000,
} as const;
