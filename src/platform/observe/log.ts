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

/** Opens the log: JSON lines to `path` (or standard output when absent) from `level` up. */
export function openLog(options: { level?: string; path?: string } = {}): Log {
  return pino(
    { level: options.level ?? 'info', base: null, redact: redacted },
    pino.destination({ ...(options.path ? { dest: options.path, mkdir: true } : { dest: 1 }), sync: false }),
  );
}
