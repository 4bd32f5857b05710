/** Bounds of this intake. Bytes are counted as they stream, before and after decompression. */
export const intakeLimits = {
  /** Of a body as it comes over the wire. */
  compressedBytes: 20 * 1024 * 1024,
  /** Of a body once decompressed. */
  bodyBytes: 64 * 1024 * 1024,
  /** Of all bodies being read or unpacked at one time; further ones are asked to come back. */
  bufferedBytes: 256 * 1024 * 1024,
  /** Time for a body to arrive (ms). */
  bodyMs: 30_000,
  /** Of a refused body, read past so that its sender can read the answer, and how long that may take (ms). */
  afterRefusalBytes: 64 * 1024 * 1024,
  afterRefusalMs: 10_000,
  /** Of one event. */
  eventBytes: 1024 * 1024,
  /** Of one transaction or container of spans, logs or metrics. */
  containerBytes: 12 * 1024 * 1024,
  /** Items of one envelope. */
  items: 200,
  /** One line of an envelope that announces something. */
  headerLineBytes: 8 * 1024,
  /** Depth of any JSON that is parsed here. */
  jsonDepth: 64,
  /** Events up to this are parsed without looking at their depth first: no depth that fits in them can hurt. */
  unscannedBytes: 32 * 1024,
  /** Of one attachment, minidump, replay recording or profile. */
  fileBytes: 40 * 1024 * 1024,
  /** Of one session, bucket of sessions, feedback or check-in. */
  smallItemBytes: 100 * 1024,
  /** Parts of a multipart body. */
  parts: 100,
  /** Spans, logs or metrics of one container or transaction. */
  records: 2000,
  /** Attributes of one record, and the length of each. */
  attributes: 128,
  attributeLength: 4096,
  /** Reasons in one client report. */
  discardReasons: 100,
} as const;
