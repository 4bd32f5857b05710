import type { ReportedFrame } from '../report.ts';
import { type Component, component, silenced } from './component.ts';
import { frameComponent, isJavaScript, pointsAtUrl } from './frame.ts';

/** `app` looks at the application's own frames, `system` at all of them. */
export type Variant = 'app' | 'system';

// Both variants look at the same frames; what a frame gives does not depend on the variant.
const frameParts = new WeakMap<readonly ReportedFrame[], Component[]>();

function partsOf(frames: readonly ReportedFrame[], platform: string): Component[] {
  const known = frameParts.get(frames) ?? frames.map((frame) => frameComponent(frame, platform));
  frameParts.set(frames, known);
  return known;
}

/** The part of the hash that a stack gives. */
export function stackComponent(frames: readonly ReportedFrame[], platform: string, variant: Variant): Component {
  const parts = partsOf(frames, platform).map((plain, index) => {
    const frame = frames[index]!;
    let part = plain;
    if (variant === 'app') {
      if (frame.inApp !== true) {
        const hint = frame.library ? 'marked out of app by its place' : 'marked out of app by the client';
        return silenced(part, frame.inApp === false ? hint : 'non app frame');
      }
      part = { ...part, hint: 'marked in-app by the client' };
    }
    const previous = frames[index - 1];
    if (previous && isSameCall(frame, previous)) return silenced(part, 'ignored due to recursion');
    const why = isJavaScript(frame.platform ?? platform) ? emptyCall(frame) : null;
    return why === null ? part : silenced(part, why);
  });
  const stack = component('stacktrace', parts);
  const only = frames.length === 1 ? frames[0] : undefined;
  if (only && isJavaScript(only.platform ?? platform) && only.function === null && pointsAtUrl(only)) {
    return silenced(stack, 'ignored single URL frame without function');
  }
  if (!stack.contributes) {
    return silenced(
      stack,
      variant === 'app' && !frames.some((frame) => frame.inApp === true)
        ? 'ignored because it contains no in-app frames'
        : 'ignored because it contains no contributing frames',
    );
  }
  return stack;
}

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
