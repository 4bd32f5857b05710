/** What a stack trace rule is made of. Rules come from text (`parse.ts`) or from our own tables (`default-rules.ts`). */

export type FrameField = 'function' | 'module' | 'package' | 'path' | 'category' | 'family' | 'app';
export type ExceptionField = 'type' | 'value' | 'mechanism';
export type Family = 'javascript' | 'native' | 'other';

/** A condition on a frame, on the frame that called it, or on the frame it called. */
export interface FrameMatcher {
  on: 'frame' | 'caller' | 'callee';
  field: FrameField;
  negated: boolean;
  /** As written. */
  pattern: string;
  test(value: string): boolean;
}

/** A condition on the exception that the stack belongs to. */
export interface ExceptionMatcher {
  field: ExceptionField;
  negated: boolean;
  pattern: string;
  test(value: string): boolean;
}

/**
 * What a rule does. `app` and `group` flags may be set on the frame itself, on all frames nearer to the crash (`^`), or on all frames
 * nearer to the entry point (`v`); the others speak of the frame's category or of the whole stack. `invert-stacktrace` is read and
 * changes nothing: the order of frames is the order of the hash.
 */
export type Action =
  | { kind: 'flag'; flag: 'app' | 'group'; value: boolean; range: 'frame' | 'inner' | 'outer' }
  | { kind: 'category'; value: string }
  | { kind: 'max-frames' | 'min-frames'; value: number }
  | { kind: 'invert-stacktrace'; value: boolean };

export interface StackRule {
  frames: FrameMatcher[];
  exceptions: ExceptionMatcher[];
  actions: Action[];
  /** The rule as people read it in explanations. */
  text: string;
}

const nativePlatforms = new Set(['objc', 'cocoa', 'swift', 'native', 'c', 'cpp', 'rust', 'crystal']);

/** The family of a platform: what a frame's names look like. */
export function familyOf(platform: string): Family {
  if (platform === 'javascript' || platform === 'node') return 'javascript';
  return nativePlatforms.has(platform) ? 'native' : 'other';
}
