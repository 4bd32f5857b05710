export type Level = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal';

const levels: Record<string, Level> = {
  trace: 'trace',
  verbose: 'trace',
  finest: 'trace',
  debug: 'debug',
  dbg: 'debug',
  fine: 'debug',
  info: 'info',
  information: 'info',
  informational: 'info',
  inf: 'info',
  notice: 'info',
  warn: 'warn',
  warning: 'warn',
  wrn: 'warn',
  error: 'error',
  err: 'error',
  severe: 'error',
  fatal: 'fatal',
  critical: 'fatal',
  crit: 'fatal',
  alert: 'fatal',
  emerg: 'fatal',
  emergency: 'fatal',
  panic: 'fatal',
};

/** The level a word or a number stands for; numbers as pino and bunyan have them (10 is trace, 60 fatal). */
export function levelOf(value: unknown): Level | undefined {
  if (typeof value === 'string') return levels[value.trim().toLowerCase()];
  if (typeof value !== 'number' || value < 10 || value > 60) return undefined;
  return (['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const)[Math.floor(value / 10) - 1];
}

/** Where in a line a level is looked for: what follows is what the line says, not how grave it is. */
const headCharacters = 160;
/** A word in capitals, or in brackets, or before a colon, or after `level=`. */
const capitals =
  /(?:^|[\s[(|<])(TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|SEVERE|FATAL|CRITICAL|CRIT|EMERG|PANIC)(?=$|[\s\])|>:,])/;
const bracketed =
  /[[(<](trace|debug|info|notice|warn|warning|error|err|severe|fatal|critical|crit|alert|emerg|panic)[\])>]/i;
const announced =
  /(?:^|\s)(?:level|lvl|severity)[=:]\s*"?([A-Za-z]+)|^(?:\S+ ){0,3}?(debug|info|notice|warn|warning|error|fatal|critical|panic)(?:\[\d+\])?: /i;
/** How Kubernetes' programs begin their lines: `E1123 20:04:05.123456`. */
const klog = /^([IWEF])\d{4} \d\d:\d\d:\d\d/;
const klogLevels: Record<string, Level> = { I: 'info', W: 'warn', E: 'error', F: 'fatal' };
/** How uncaught errors of Python, Java, Go, Node, Ruby and Rust begin. */
const uncaught =
  /^(?:Traceback \(most recent call last\):|Exception in thread |panic: |thread '.*' panicked at |Uncaught |(?:[A-Za-z_$][\w$]*[.:]{1,2})*[A-Z][\w$]*(?:Error|Exception)\b(?::|$| \[))/;

const colours = /\u001b\[[0-9;]*m/g;

/** The level a line of plain text shows, if it shows one. */
export function severityOfText(text: string): Level | undefined {
  const line = text
    .slice(0, headCharacters * 2)
    .replace(colours, '')
    .slice(0, headCharacters)
    .trimStart();
  const start = klog.exec(line)?.[1];
  if (start) return klogLevels[start];
  const word = capitals.exec(line)?.[1] ?? bracketed.exec(line)?.[1];
  if (word) return levelOf(word);
  const said = announced.exec(line);
  const level = said && levelOf(said[1] ?? said[2]);
  if (level) return level;
  return uncaught.test(line) ? 'error' : undefined;
}
