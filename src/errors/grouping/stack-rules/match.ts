import type { ReportedFrame } from '../../report.ts';
import { globTest } from './glob.ts';
import { type ExceptionField, type ExceptionMatcher, type FrameField, type FrameMatcher, familyOf } from './rule.ts';

/** A frame as rules see it: texts made comparable, and what rules have made of it so far. */
export interface SeenFrame {
  function: string | null;
  module: string | null;
  package: string | null;
  path: string | null;
  family: string;
  category: string | null;
  inApp: boolean;
}

/** What of an exception rules may ask for; '<unknown>' where it says nothing. */
export type SeenException = Record<ExceptionField, string>;

const comparablePath = (path: string | null): string | null =>
  path === null ? null : path.replaceAll('\\', '/').toLowerCase();

export function seenFrame(frame: ReportedFrame, eventPlatform: string): SeenFrame {
  return {
    function: frame.function,
    module: frame.module,
    package: comparablePath(frame.package),
    path: comparablePath(frame.path ?? frame.file),
    family: familyOf(frame.platform ?? eventPlatform),
    category: frame.category ?? null,
    inApp: frame.inApp === true,
  };
}

const yes = new Set(['1', 'yes', 'true']);
const no = new Set(['0', 'no', 'false']);

/** A matcher for a field of frames; undefined when the pattern cannot be read. Patterns may be several: any of them will do. */
export function frameMatcher(
  field: FrameField,
  patterns: readonly string[],
  more: { negated?: boolean; on?: FrameMatcher['on'] } = {},
): FrameMatcher | undefined {
  const test = frameTest(field, patterns);
  return (
    test && { on: more.on ?? 'frame', field, negated: more.negated ?? false, pattern: patterns.join(' or '), test }
  );
}

function frameTest(field: FrameField, patterns: readonly string[]): ((value: string) => boolean) | undefined {
  if (field === 'family') {
    const families = new Set(patterns.flatMap((pattern) => pattern.split(',')));
    return (value) => families.has(value) || families.has('all');
  }
  if (field === 'app') {
    const wanted = yes.has(patterns[0] ?? '') ? 'yes' : no.has(patterns[0] ?? '') ? 'no' : undefined;
    return wanted && ((value) => value === wanted);
  }
  if (field !== 'path' && field !== 'package') return globTest(patterns);
  const test = globTest(
    patterns.map((pattern) => pattern.replaceAll('\\', '/')),
    { isPath: true, ignoreCase: true },
  );
  // A path without a root may be meant by a pattern that begins with one.
  return test && ((value) => test(value) || (!value.startsWith('/') && test(`/${value}`)));
}

export function exceptionMatcher(
  field: ExceptionField,
  pattern: string,
  negated: boolean,
): ExceptionMatcher | undefined {
  const test = globTest([pattern]);
  return test && { field, negated, pattern, test };
}

/** Whether a condition holds for the frame at `index`, or for its neighbour; a missing neighbour meets no condition. */
export function holds(matcher: FrameMatcher, frames: readonly SeenFrame[], index: number): boolean {
  const frame = frames[matcher.on === 'frame' ? index : matcher.on === 'caller' ? index - 1 : index + 1];
  if (!frame) return false;
  if (matcher.field === 'app') return matcher.test(frame.inApp ? 'yes' : 'no') !== matcher.negated;
  const value = frame[matcher.field];
  return (value !== null && matcher.test(value)) !== matcher.negated;
}
