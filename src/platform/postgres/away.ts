import { Fault } from '../../kernel/faults.ts';

/** SQLSTATE classes of conditions that pass by themselves: out of resources, shutting down or starting, connection lost. */
const passing = /^(53|57P|08)\w+$/;
const unreachable = new Set(['ECONNREFUSED', 'ENOENT', 'ETIMEDOUT']);
const broken = new Set(['ECONNRESET', 'EPIPE']);
/** What the driver says without a code. */
const words =
  /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error)/;

/**
 * The `unavailable` Fault for an error of a store that passes by itself; undefined for any other error. For the edges:
 * senders are to try again, where an unexpected failure would tell them never to.
 */
export function awayFault(error: unknown): Fault | undefined {
  if (error instanceof Fault || !(error instanceof Error)) return undefined;
  const { code = '', syscall } = error as NodeJS.ErrnoException;
  // Programs that were started (git) say it in words.
  if (code === '53100' || code === 'ENOSPC' || error.message.includes('No space left on device')) {
    return new Fault('unavailable', 'The server’s disk is full', {
      code: 'platform.disk-full',
      hint: 'Send it again later; nothing acknowledged is lost. Whoever runs the server should make room.',
      retryAfter: 30,
      cause: error,
    });
  }
  const isUnreachable = syscall === 'connect' && unreachable.has(code);
  const isAway = isUnreachable || broken.has(code) || passing.test(code) || words.test(error.message);
  if (!isAway) return undefined;
  return new Fault('unavailable', 'A store of the server is not available at this moment', {
    code: 'platform.store-away',
    hint: 'Try again in a few seconds; GET /api/v1/health says whether something is wrong.',
    retryAfter: 5,
    cause: error,
  });
}
