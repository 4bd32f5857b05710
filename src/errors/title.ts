import { currentAlgorithm, defaultRules } from './grouping/algorithm.ts';
import { significantExceptions } from './grouping/exception.ts';
import type { ErrorReport, ReportedException, ReportedFrame } from './report.ts';

const longestTitle = 256;
const mostFiles = 20;

/** What people read of an event in lists. */
export interface Headline {
  title: string;
  /** Exception type, null for a message. */
  type: string | null;
  /** First line of the exception's value or of the message. */
  message: string;
  /** Innermost function of the application, or the transaction. */
  culprit: string;
  handled: boolean | null;
}

/** The headline of an event: `KeyError: 'percent'` in `shop.views.checkout`. Messages sent as exceptions without a type show as messages. */
export function headlineOf(report: ErrorReport): Headline {
  const main = mainException(report);
  const type = main === undefined || main.mechanism?.synthetic ? null : main.type;
  const text = firstLine(main?.value ?? report.message?.text ?? '');
  const title = type === null ? text || '<no message>' : text === '' ? type : `${type}: ${text}`;
  return {
    title: cut(title),
    type,
    message: cut(text),
    culprit: cut(culpritOf(report, main)),
    handled: main?.mechanism?.handled ?? null,
  };
}

/** The exception that the event is about: the last of those that matter. */
export function mainException(report: ErrorReport): ReportedException | undefined {
  const { exceptions, platform } = report;
  return significantExceptions(exceptions, { algorithm: currentAlgorithm, rules: defaultRules, platform }).at(-1);
}

/** Files of the application's calls, innermost first, each once; of all calls when none is marked as the application's. */
export function applicationFiles(report: ErrorReport): string[] {
  const stacks =
    report.exceptions.length > 0 ? report.exceptions.map((exception) => exception.frames) : [report.frames];
  const collect = (ownOnly: boolean): string[] => {
    const files = new Set<string>();
    for (let index = stacks.length - 1; index >= 0; index -= 1) {
      const frames = stacks[index] ?? [];
      for (let at = frames.length - 1; at >= 0 && files.size < mostFiles; at -= 1) {
        const frame = frames[at]!;
        const file = frame.file ?? frame.path;
        if (file !== null && (!ownOnly || frame.inApp === true)) files.add(file);
      }
    }
    return [...files];
  };
  const own = collect(true);
  return own.length > 0 ? own : collect(false);
}

function culpritOf(report: ErrorReport, main: ReportedException | undefined): string {
  const frames = main?.frames ?? report.frames ?? [];
  const inner = frames.findLast((frame) => frame.inApp === true) ?? frames.at(-1);
  const place = inner ? placeOf(inner) : '';
  return place || report.transaction || report.request?.url || '';
}

function placeOf(frame: ReportedFrame): string {
  const where = frame.module ?? frame.file?.split(/[/\\]/).at(-1) ?? '';
  const name = frame.function === '?' ? null : frame.function;
  if (!name) return where;
  if (!where) return name;
  return frame.module ? `${where}.${name}` : `${name} in ${where}`;
}

const firstLine = (text: string): string =>
  text
    .trimStart()
    .split(/\r\n|\n|\r/, 1)[0]!
    .trim();

function cut(text: string): string {
  if (text.length <= longestTitle) return text;
  // Never half of a surrogate pair.
  const end = /[\ud800-\udbff]/.test(text[longestTitle - 2]!) ? longestTitle - 2 : longestTitle - 1;
  return `${text.slice(0, end)}…`;
}
