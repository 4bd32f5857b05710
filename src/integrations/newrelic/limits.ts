/** Limits of what New Relic's agents and APIs send. */
export const limits = {
  /** A request body as sent. New Relic takes 1 MB; some forwarders send more. */
  bodyBytes: 4 * 1024 * 1024,
  /** After decompression. */
  inflatedBytes: 32 * 1024 * 1024,
  /** Records of one request; the rest is refused and said so. */
  records: 50_000,
  /** Depth of attributes within attributes. */
  depth: 4,
  /** Length of a name of an attribute or event type. */
  nameLength: 255,
  /** Frames read from one stack trace, and the length of a line of it. */
  frames: 200,
  lineLength: 500,
  /** Bytes of one error made into an event. */
  eventBytes: 256 * 1024,
} as const;
