import type { Level } from '../../platform/lines/severity.ts';
import { type Scalar, type ShapedLine, shapeLine } from '../../platform/lines/shape.ts';
import { limits } from './limits.ts';

/** One syslog message, RFC 5424 or 3164. */
export interface SyslogMessage {
  /** Unix milliseconds; undefined when it names none. */
  at: number | undefined;
  facility: string;
  severity: number;
  host: string | undefined;
  /** APP-NAME, or the tag before the colon. */
  app: string | undefined;
  processId: string | undefined;
  messageId: string | undefined;
  /** Structured data as `id.name`. */
  data: Record<string, string>;
  text: string;
}

const facilities =
  'kern user mail daemon auth syslog lpr news uucp cron authpriv ftp ntp audit console clock local0 local1 local2 local3 local4 local5 local6 local7'.split(
    ' ',
  );
const severities: Level[] = ['fatal', 'fatal', 'fatal', 'error', 'warn', 'info', 'info', 'debug'];

/**
 * Reads a message of RFC 5424 or RFC 3164, or what is like them: any text is a message. Times of RFC 3164 name neither year nor
 * zone; they are read as this machine's own, in the year that puts them nearest. Pure.
 */
export function parseSyslog(raw: string, now: number): SyslogMessage {
  const line = raw.replace(/[\r\n\0]+$/, '');
  const priority = /^<(\d{1,3})>/.exec(line);
  const value = priority && Number(priority[1]) <= 191 ? Number(priority[1]) : undefined;
  const message: SyslogMessage = {
    at: undefined,
    // What names no priority is user.notice (RFC 3164, 4.3.3).
    facility: facilities[Math.floor((value ?? 13) / 8)]!,
    severity: (value ?? 13) % 8,
    host: undefined,
    app: undefined,
    processId: undefined,
    messageId: undefined,
    data: {},
    text: line,
  };
  if (value === undefined) return message;
  const rest = line.slice(priority![0].length);
  return modern(message, rest) ?? old(message, rest, now);
}

const nil = (text: string): string | undefined => (text === '-' || text === '' ? undefined : text);

/** RFC 5424, 6: `1 TIME HOST APP PROCID MSGID SD MSG`. */
function modern(message: SyslogMessage, rest: string): SyslogMessage | undefined {
  const header = /^1 (\S{1,64}) (\S{1,255}) (\S{1,128}) (\S{1,128}) (\S{1,64}) ?/.exec(rest);
  if (!header) return undefined;
  const [whole, at, host, app, processId, messageId] = header;
  const time = at === '-' ? undefined : Date.parse(at!);
  if (time !== undefined && Number.isNaN(time)) return undefined;
  const { data, end } = structuredData(rest, whole.length);
  return {
    ...message,
    at: time,
    host: nil(host!),
    app: nil(app!),
    processId: nil(processId!),
    messageId: nil(messageId!),
    data,
    text: rest
      .slice(end)
      // rsyslog keeps the space behind the colon of what it took in the old form.
      .replace(/^ (?: (?=\S))?/, '')
      .replace(/^\uFEFF/, ''),
  };
}

const element = /\[([^\s=\]"]{1,64})((?: [^\s=\]"]{1,64}="(?:[^"\\\]]|\\.)*")*)\]/y;
const parameter = / ([^\s=\]"]{1,64})="((?:[^"\\\]]|\\.)*)"/g;

function structuredData(text: string, from: number): { data: Record<string, string>; end: number } {
  const data: Record<string, string> = {};
  if (text[from] === '-') return { data, end: from + 1 };
  element.lastIndex = from;
  let end = from;
  let count = 0;
  for (let found = element.exec(text); found; found = element.exec(text)) {
    end = element.lastIndex;
    for (const [, name, value] of found[2]!.matchAll(parameter)) {
      count += 1;
      if (count <= limits.parameters) data[`${found[1]}.${name}`] = value!.replace(/\\(["\\\]])/g, '$1');
    }
  }
  return { data, end };
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const oldTime = /^([A-Z][a-z]{2}) {1,2}(\d{1,2}) (\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))? /;
/** What rsyslog and others send unless told otherwise: the old form with a time that says all. */
const exactTime = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)) /;
const tag = /^([^\s:[\]]{1,128})(?:\[([^\]]{1,64})\])?: ?/;

/** RFC 3164 and its relatives: `TIME HOST TAG[PID]: MSG`; senders on this machine leave the host out. */
function old(message: SyslogMessage, rest: string, now: number): SyslogMessage {
  const exact = exactTime.exec(rest);
  const vague = exact ? null : oldTime.exec(rest);
  const at = exact ? Date.parse(exact[1]!) : vague ? nearest(vague, now) : undefined;
  if (at === undefined || Number.isNaN(at)) return withTag(message, rest);
  const afterTime = rest.slice((exact ?? vague)![0].length);
  // `app[1]:` in the place of the host is the tag already.
  const host = /^[^\s:[\]]{1,255}(?= )|^[0-9a-fA-F:.]{3,45}(?= )/.exec(afterTime)?.[0];
  const text = host === undefined ? afterTime : afterTime.slice(host.length + 1);
  return withTag({ ...message, at, host }, text);
}

function withTag(message: SyslogMessage, text: string): SyslogMessage {
  const found = tag.exec(text);
  if (!found) return { ...message, text };
  return { ...message, app: found[1], processId: found[2], text: text.slice(found[0].length) };
}

function nearest([, month, day, hour, minute, second, fraction]: RegExpExecArray, now: number): number | undefined {
  const index = months.indexOf(month!);
  if (index < 0) return undefined;
  const inYear = (year: number): number =>
    new Date(year, index, Number(day), Number(hour), Number(minute), Number(second)).getTime() +
    Number(`0.${fraction ?? 0}`) * 1000;
  const year = new Date(now).getFullYear();
  return [year - 1, year, year + 1].map(inYear).sort((a, b) => Math.abs(a - now) - Math.abs(b - now))[0];
}

/** The attributes of a Log record. The sender's word on the level goes before what the text seems to say. */
export function attributesOf(message: SyslogMessage, from: string): Record<string, Scalar | undefined> {
  const shaped: ShapedLine = shapeLine(message.text);
  return {
    ...shaped.attributes,
    ...message.data,
    message: shaped.message,
    level: (shaped.form === 'text' ? undefined : shaped.level) ?? severities[message.severity],
    service: message.app,
    host: message.host ?? from,
    facility: message.facility,
    processId: message.processId,
    messageId: message.messageId,
    traceId: shaped.traceId,
    spanId: shaped.spanId,
  };
}
