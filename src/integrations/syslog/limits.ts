/** Limits of the syslog listener. */
export const limits = {
  /** A message is cut after so many bytes. */
  messageBytes: 64 * 1024,
  connections: 500,
  /** Senders keep connections open and may have nothing to say for long. */
  idleMs: 24 * 3_600_000,
  /** Messages that wait to be made durable. */
  waiting: 50_000,
  atOnce: 5000,
  everyMs: 200,
  /** Structured data of one message. */
  parameters: 64,
} as const;
