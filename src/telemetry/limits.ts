/** What telemetry takes in, and what a question may cost. */
export const limits = {
  /** Attributes of one record that have no column of their own. */
  attributesPerRecord: 255,
  /** Longest attribute value; longer ones are cut. */
  valueCharacters: 4096,
  /** Longest log line; longer ones are cut. */
  messageCharacters: 262_144,
  /** Different attribute names of one event type in one project; later ones are left out and counted. */
  attributeNames: 2000,
  /** Different event types in one project. */
  eventTypes: 500,
  /** What a project may send from outside, unless the operator says otherwise. */
  recordsPerMinute: 3_000_000,
  /** Different series within an hour: of one metric, and of one project together. */
  series: { ofMetric: 20_000, ofProject: 200_000 },
  /** Records in one frame of the spool. */
  recordsPerFrame: 20_000,
  query: {
    seconds: 20,
    memoryBytes: 600_000_000,
    rowsRead: 2_000_000_000,
    resultRows: 250_000,
    /** Questions of one server that run at a time; the others wait their turn. */
    atOnce: 2,
  },
  tail: {
    /** Lines a viewer may be behind before lines are dropped and counted. */
    backlog: 1000,
    /** Lines a second one viewer is sent. */
    linesPerSecond: 1000,
    viewers: 200,
  },
} as const;
