import type { ReportedException, ReportedFrame } from '../report.ts';
import type { GroupingAlgorithm, GroupingContext } from './algorithm.ts';
import { type Component, component, silenced } from './component.ts';
import { frameComponent, isJavaScript, pointsAtUrl } from './frame.ts';
import { seenException, unmarked } from './stack-rules/mark-frames.ts';
import type { RuleSet } from './stack-rules/rule-set.ts';

/** `app` looks at the application's own frames, `system` at all of them. */
export type Variant = 'app' | 'system';

// Both variants look at the same frames; what a frame gives does not depend on the variant.
const frameParts = new WeakMap<GroupingAlgorithm, WeakMap<readonly ReportedFrame[], Component[]>>();

function partsOf(frames: readonly ReportedFrame[], context: GroupingContext): Component[] {
  let ofAlgorithm = frameParts.get(context.algorithm);
  if (!ofAlgorithm) {
    ofAlgorithm = new WeakMap();
    frameParts.set(context.algorithm, ofAlgorithm);
  }
  const known = ofAlgorithm.get(frames) ?? frames.map((frame) => frameComponent(frame, context));
  ofAlgorithm.set(frames, known);
  return known;
}

/** What stacks gave that may come again, by the rules, where the exception around them has no say. */
const wholeStacks = new WeakMap<
  RuleSet,
  WeakMap<readonly ReportedFrame[], { platform: string } & { [of in Variant]?: Component }>
>();

/** The part of the hash that a stack gives. Frames must carry the marks of the rules where those take part. */
export function stackComponent(
  frames: readonly ReportedFrame[],
  context: GroupingContext,
  variant: Variant,
  exception: ReportedException | null,
): Component {
  const { stack } = context.rules;
  if (!context.algorithm.usesRules || stack.asksForExceptions) {
    return makeStackComponent(frames, context, variant, exception);
  }
  const ofRules = wholeStacks.get(stack) ?? new WeakMap();
  wholeStacks.set(stack, ofRules);
  let known = ofRules.get(frames);
  if (known?.platform !== context.platform) {
    known = { platform: context.platform };
    ofRules.set(frames, known);
  }
  known[variant] ??= makeStackComponent(frames, context, variant, exception);
  return known[variant];
}

function makeStackComponent(
  frames: readonly ReportedFrame[],
  context: GroupingContext,
  variant: Variant,
  exception: ReportedException | null,
): Component {
  const seen = context.algorithm.usesRules ? frames : frames.map(unmarked);
  let parts = partsOf(frames, context).map((plain, index) => {
    const frame = seen[index]!;
    let part = plain;
    if (variant === 'app') {
      if (frame.inApp !== true) return silenced(part, outOfAppHint(frame));
      part = { ...part, hint: inAppHint(frame) };
    }
    const previous = frames[index - 1];
    if (previous && isSameCall(frame, previous)) return silenced(part, 'ignored due to recursion');
    const why = isJavaScript(frame.platform ?? context.platform) ? emptyCall(frame) : null;
    return why === null ? part : silenced(part, why);
  });
  let discarded: string | null = null;
  if (context.algorithm.usesRules) {
    const { stack } = context.rules;
    const verdict = stack.judge(parts, frames, context.platform, seenException(exception), variant === 'app');
    parts = verdict.parts;
    discarded = verdict.discarded;
  }
  const whole = component('stacktrace', parts);
  if (discarded !== null) return silenced(whole, discarded);
  const only = frames.length === 1 ? frames[0] : undefined;
  if (only && isJavaScript(only.platform ?? context.platform) && only.function === null && pointsAtUrl(only)) {
    return silenced(whole, 'ignored single URL frame without function');
  }
  if (!whole.contributes) {
    return silenced(
      whole,
      variant === 'app' && !seen.some((frame) => frame.inApp === true)
        ? 'ignored because it contains no in-app frames'
        : 'ignored because it contains no contributing frames',
    );
  }
  return whole;
}

function outOfAppHint(frame: ReportedFrame): string {
  if (frame.inAppRule !== undefined) return `marked out of app by stack trace rule (${frame.inAppRule})`;
  if (frame.inApp !== false) return 'non app frame';
  return frame.library ? 'marked out of app by its place' : 'marked out of app by the client';
}

const inAppHint = (frame: ReportedFrame): string =>
  frame.inAppRule === undefined
    ? 'marked in-app by the client'
    : `marked in-app by stack trace rule (${frame.inAppRule})`;

const emptyNames = new Set(['eval', 'map', 'forEach', 'next', 'apply', 'call']);

/** Calls that one browser shows and another leaves out. */
function emptyCall(frame: ReportedFrame): string | null {
  const file = frame.file ?? '';
  const name = frame.function?.split('.').at(-1) ?? '';
  if (file === '[native code]' || file === 'native') return 'ignored native code';
  if (name === 'eval') return 'ignored low quality javascript frame';
  const isNowhere = file === '' || file === '<anonymous>' || file === '<unknown>';
  return isNowhere && (name === '' || emptyNames.has(name)) ? 'ignored low quality javascript frame' : null;
}

function isSameCall(one: ReportedFrame, other: ReportedFrame): boolean {
  return (
    one.line === other.line &&
    one.function === other.function &&
    one.file === other.file &&
    one.path === other.path &&
    one.module === other.module &&
    one.package === other.package &&
    one.column === other.column
  );
}
