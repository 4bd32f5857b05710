import type { ReportedFrame } from '../../report.ts';
import type { Component } from '../component.ts';
import { silenced } from '../component.ts';
import { holds, type SeenException, type SeenFrame, seenFrame } from './match.ts';
import type { StackRule } from './rule.ts';

/** What the rules made of a stack beside its frames' parts. */
export interface StackVerdict {
  parts: Component[];
  /** Why the whole stack does not count; null when it may. */
  discarded: string | null;
}

/** A frame's mark after the rules: the application's or not, its category, and the rule that moved the mark. */
export interface FrameMark {
  inApp: boolean | null;
  category: string | null;
  rule: string | null;
}

/** Frames alike in their texts are met again and again: which rules could hold for them is remembered for this many. */
const rememberedFrames = 20_000;

/** Rules compiled to be applied to many stacks. Pure but for a memory of what it worked out. */
export class RuleSet {
  readonly #rules: readonly StackRule[];
  readonly #candidates = new Map<string, readonly number[]>();

  constructor(rules: readonly StackRule[]) {
    this.#rules = rules;
  }

  /** The frames' marks as the rules want them. */
  mark(frames: readonly ReportedFrame[], platform: string, exception: SeenException): FrameMark[] {
    const seen = frames.map((frame) => seenFrame(frame, platform));
    const marks = frames.map((frame): FrameMark => ({ inApp: frame.inApp, category: null, rule: null }));
    this.#each(seen, exception, (rule, index) => {
      for (const action of rule.actions) {
        if (action.kind === 'category') {
          seen[index]!.category = action.value;
          marks[index]!.category = action.value;
        } else if (action.kind === 'flag' && action.flag === 'app') {
          const [from, to] = spanOf(action.range, index, frames.length);
          for (let at = from; at < to; at += 1) {
            if (marks[at]!.inApp !== action.value) marks[at]!.rule = rule.text;
            marks[at]!.inApp = action.value;
            seen[at]!.inApp = action.value;
          }
        }
      }
    });
    return marks;
  }

  /** Which of the frames' parts count, by the rules about groups and numbers of frames. Frames must carry their marks. */
  judge(
    parts: Component[],
    frames: readonly ReportedFrame[],
    platform: string,
    exception: SeenException,
    onlyApplication: boolean,
  ): StackVerdict {
    const seen = frames.map((frame) => seenFrame(frame, platform));
    const judged = [...parts];
    let most: { value: number; rule: string } | null = null;
    let fewest: { value: number; rule: string } | null = null;
    this.#each(seen, exception, (rule, index) => {
      for (const action of rule.actions) {
        if (action.kind === 'max-frames') most = { value: action.value, rule: rule.text };
        else if (action.kind === 'min-frames') fewest = { value: action.value, rule: rule.text };
        else if (action.kind === 'flag' && action.flag === 'group') {
          const [from, to] = spanOf(action.range, index, frames.length);
          for (let at = from; at < to; at += 1) {
            judged[at] = regrouped(judged[at]!, action.value, rule.text, onlyApplication && !seen[at]!.inApp);
          }
        }
      }
    });
    if (most !== null) keepInnermost(judged, most);
    const counted = judged.filter((part) => part.contributes).length;
    const few = fewest as { value: number; rule: string } | null;
    const discarded =
      few !== null && counted > 0 && counted < few.value
        ? `ignored because it has only ${counted} of the ${few.value} frames asked for by stack trace rule (${few.rule})`
        : null;
    return { parts: judged, discarded };
  }

  /** Calls `apply` for each rule in order, and for each frame it holds for, outermost first. */
  #each(seen: SeenFrame[], exception: SeenException, apply: (rule: StackRule, index: number) => void): void {
    const framesOf = new Map<number, number[]>();
    for (let index = 0; index < seen.length; index += 1) {
      for (const number of this.#candidatesOf(seen[index]!)) {
        const known = framesOf.get(number);
        if (known) known.push(index);
        else framesOf.set(number, [index]);
      }
    }
    for (const number of [...framesOf.keys()].sort((a, b) => a - b)) {
      const rule = this.#rules[number]!;
      if (!rule.exceptions.every((matcher) => matcher.test(exception[matcher.field]) !== matcher.negated)) continue;
      for (const index of framesOf.get(number)!) {
        if (rule.frames.every((matcher) => holds(matcher, seen, index))) apply(rule, index);
      }
    }
  }

  /** Rules whose conditions on the frame's own unchanging texts hold, by number. */
  #candidatesOf(frame: SeenFrame): readonly number[] {
    const key = [frame.family, frame.function, frame.module, frame.package, frame.path].join('\u0000');
    const known = this.#candidates.get(key);
    if (known) return known;
    const found: number[] = [];
    this.#rules.forEach((rule, number) => {
      const possible = rule.frames.every(
        (matcher) =>
          matcher.on !== 'frame' ||
          matcher.field === 'category' ||
          matcher.field === 'app' ||
          holds(matcher, [frame], 0),
      );
      if (possible) found.push(number);
    });
    if (this.#candidates.size >= rememberedFrames) this.#candidates.clear();
    this.#candidates.set(key, found);
    return found;
  }
}

function spanOf(range: 'frame' | 'inner' | 'outer', index: number, length: number): [number, number] {
  if (range === 'frame') return [index, index + 1];
  return range === 'inner' ? [index + 1, length] : [0, index];
}

function regrouped(part: Component, counts: boolean, rule: string, mayNot: boolean): Component {
  if (part.contributes === counts) return part;
  if (!counts) return silenced(part, `ignored by stack trace rule (${rule})`);
  // A frame that is not the application's never counts where only the application's do, nor does one that says nothing.
  if (mayNot || !part.values.some((value) => typeof value === 'string' || value.contributes)) return part;
  return { ...part, contributes: true, hint: `un-ignored by stack trace rule (${rule})` };
}

function keepInnermost(parts: Component[], most: { value: number; rule: string }): void {
  if (most.value === 0) return;
  let counted = 0;
  for (let index = parts.length - 1; index >= 0; index -= 1) {
    const part = parts[index]!;
    if (!part.contributes) continue;
    counted += 1;
    if (counted > most.value) {
      const what = most.value === 1 ? 'frame is' : 'frames are';
      parts[index] = silenced(
        part,
        `ignored because only ${most.value} ${what} considered by stack trace rule (${most.rule})`,
      );
    }
  }
}
