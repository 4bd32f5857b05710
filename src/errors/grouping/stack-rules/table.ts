import { frameMatcher } from './match.ts';
import type { Action, FrameField, StackRule } from './rule.ts';

/** Patterns for fields of a frame; any of those of a field will do, every field must. */
export type Where = Partial<Record<FrameField, readonly string[]>>;

export const outOfApp: Action = { kind: 'flag', flag: 'app', value: false, range: 'frame' };
export const inApp: Action = { kind: 'flag', flag: 'app', value: true, range: 'frame' };
export const ungrouped: Action = { kind: 'flag', flag: 'group', value: false, range: 'frame' };
export const innerUngrouped: Action = { kind: 'flag', flag: 'group', value: false, range: 'inner' };
export const outerUngrouped: Action = { kind: 'flag', flag: 'group', value: false, range: 'outer' };
export const innerOutOfApp: Action = { kind: 'flag', flag: 'app', value: false, range: 'inner' };
/** Says what kind of call a frame is. */
export const is = (value: string): Action => ({ kind: 'category', value });

/** One rule of a table; `name` is how explanations call it. */
export function rule(name: string, where: Where, ...actions: Action[]): StackRule {
  const frames = Object.entries(where).map(([field, patterns]) => {
    const matcher = frameMatcher(field as FrameField, patterns);
    if (!matcher) throw new Error(`unreadable pattern in the default rule about ${name}`);
    return matcher;
  });
  return { frames, exceptions: [], actions, text: `default: ${name}` };
}

/** Conditions on native code. */
export const native = { family: ['native'] } as const;
