import { pino } from 'pino';

/** The server's own log. Fields first, then a sentence; ids go into fields, never into the sentence. */
export type Log = import('pino').Logger;

/** Header and body fields that must never be printed, whoever logs them. */
const redacted = [
  'password',
  'token',
  'secret',
  'authorization',
  'cookie',
  '*.password',
  '*.token',
  '*.secret',
  'req.headers.authorization',
  'req.headers.cookie',
];

/** Lines that could not be written so far; further ones are dropped. */
const heldBytes = 4 * 1024 * 1024;

/** Opens the log: JSON lines to `path` (or standard output when absent) from `level` up. */
export function openLog(options: { level?: string; path?: string } = {}): Log {
  const where = options.path ? { dest: options.path, mkdir: true } : { dest: 1 };
  const destination = pino.destination({ ...where, sync: false, maxLength: heldBytes });
  let failing = false;
  // The writer would try for ever to get rid of its last lines, and the process would not end.
  const giveUp = (): void => destination.destroy();
  // What cannot be written (a full disk) is kept and tried again with the next line; it is no reason to end.
  destination.on('error', (error: Error) => {
    if (failing) return;
    failing = true;
    process.stderr.write(`The log cannot be written: ${error.message}\n`);
    process.prependListener('exit', giveUp);
  });
  destination.on('write', () => {
    if (!failing) return;
    failing = false;
    process.off('exit', giveUp);
  });
  return pino({ level: options.level ?? 'info', base: null, redact: redacted }, destination);
}
