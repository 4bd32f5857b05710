import type { ErrorReport, ReportedException, ReportedFrame } from '../../report.ts';
import type { SeenException } from './match.ts';
import type { RuleSet } from './rule-set.ts';

/** What stack trace rules may ask of the exception around a stack. */
export const seenException = (exception: ReportedException | null): SeenException => ({
  type: exception?.type ?? '<unknown>',
  value: exception?.value ?? '<unknown>',
  mechanism: exception?.mechanism?.type ?? '<unknown>',
});

/** A frame as it was before any rule. */
export function unmarked(frame: ReportedFrame): ReportedFrame {
  if (frame.inAppRule === undefined && frame.category === undefined) return frame;
  const { inAppBefore, inAppRule, category: _, ...plain } = frame;
  return inAppRule === undefined ? plain : { ...plain, inApp: inAppBefore ?? null };
}

/** Stacks that come again (see `StackMemory`) are marked once, by the platform of the event and the rules. */
const markedBefore = new WeakMap<
  RuleSet,
  WeakMap<readonly ReportedFrame[], { platform: string; frames: ReportedFrame[] }>
>();

function remembering(
  rules: RuleSet,
  platform: string,
  mark: (frames: ReportedFrame[], exception: ReportedException | null) => ReportedFrame[],
): typeof mark {
  if (rules.asksForExceptions) return mark;
  const known = markedBefore.get(rules) ?? new WeakMap();
  markedBefore.set(rules, known);
  return (frames, exception) => {
    const before = known.get(frames);
    if (before?.platform === platform) return before.frames;
    const made = mark(frames, exception);
    known.set(frames, { platform, frames: made });
    return made;
  };
}

/**
 * The report with its frames marked by the rules: the application's or not, and what kind of call. Marking twice changes nothing.
 * Stacks of `fleeting` reports, which nobody will see again, are not remembered: a memory would hold them for long.
 */
export function markFrames(report: ErrorReport, rules: RuleSet, fleeting = false): ErrorReport {
  const mark = (frames: ReportedFrame[], exception: ReportedException | null): ReportedFrame[] => {
    const plain = frames.map(unmarked);
    const marks = rules.mark(plain, report.platform, seenException(exception));
    return plain.map((frame, index) => {
      const { inApp, category, rule } = marks[index]!;
      if (rule === null && category === null) return frame;
      const one: ReportedFrame = { ...frame };
      if (rule !== null && inApp !== frame.inApp) {
        one.inApp = inApp;
        one.inAppBefore = frame.inApp;
        one.inAppRule = rule;
      }
      if (category !== null) one.category = category;
      return one;
    });
  };
  const marked = fleeting ? mark : remembering(rules, report.platform, mark);
  return {
    ...report,
    exceptions: report.exceptions.map((exception) =>
      exception.frames === null ? exception : { ...exception, frames: marked(exception.frames, exception) },
    ),
    frames: report.frames && marked(report.frames, null),
  };
}
