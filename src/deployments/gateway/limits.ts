/** Bounds of the gateway. Bodies are streamed and have no bound of their own. */
export const gatewayLimits = {
  /** Bytes of all request headers together. */
  headerBytes: 64 * 1024,
  headers: 200,
  /** Time a client has to send its headers. */
  headersMs: 20_000,
  /** Time a target has to accept a connection. */
  connectMs: 3000,
  /** Time a target may stay silent before it begins to answer, and between two pieces of its answer. */
  silenceMs: 120_000,
  /** How long an idle connection of a client is kept. */
  clientIdleMs: 75_000,
  /** How long an idle connection to a target is kept; below the 5 s after which many servers close theirs. */
  targetIdleMs: 4000,
  /** Other targets tried after one could not be reached. */
  retries: 2,
  /** How long a target that could not be reached is passed over while others are there. */
  restMs: 2000,
  /** Request records waiting for telemetry; above this only failures are kept. */
  records: 5000,
  /** Records of successes kept per second; above it one in sixteen. */
  recordsPerSecond: 500,
};
