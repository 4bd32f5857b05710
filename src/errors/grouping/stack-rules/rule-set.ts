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

/** Rules that could hold for a frame, by number: those that mark frames and those that judge parts. */
interface Candidates {
  mark: readonly number[];
  judge: readonly number[];
  /** The same for rules that ask for a category, which few stacks have at all. */
  markByKind: readonly number[];
  judgeByKind: readonly number[];
  /** One of `mark` gives a category. */
  givesKind: boolean;
}

const marksFrames = ({ actions }: StackRule): boolean =>
  actions.some((action) => action.kind === 'category' || (action.kind === 'flag' && action.flag === 'app'));
const judgesParts = ({ actions }: StackRule): boolean =>
  actions.some((action) => action.kind !== 'category' && !(action.kind === 'flag' && action.flag === 'app'));
const asksForKind = ({ frames }: StackRule): boolean =>
  frames.some((matcher) => matcher.field === 'category' && !matcher.negated);

/** Rules compiled to be applied to many stacks. Pure but for a memory of what it worked out. */
export class RuleSet {
  readonly #rules: readonly StackRule[];
  /** Some rule asks for the exception around a stack: what is made of a stack is then not the stack's alone. */
  readonly asksForExceptions: boolean;
  readonly #candidates = new Map<string, Candidates>();
  /** Both variants of a stack are judged by the same rules. */
  readonly #judging = new WeakMap<readonly ReportedFrame[], { seen: SeenFrame[]; framesOf: Map<number, number[]> }>();

  constructor(rules: readonly StackRule[]) {
    this.#rules = rules;
    this.asksForExceptions = rules.some((rule) => rule.exceptions.length > 0);
  }

  /** The frames' marks as the rules want them. */
  mark(frames: readonly ReportedFrame[], platform: string, exception: SeenException): FrameMark[] {
    const seen = frames.map((frame) => seenFrame(frame, platform));
    const marks = frames.map((frame): FrameMark => ({ inApp: frame.inApp, category: null, rule: null }));
    this.#each(seen, this.#marking(seen), exception, (rule, index) => {
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
    const { seen, framesOf } = this.#judgingOf(frames, platform);
    if (framesOf.size === 0) return { parts, discarded: null };
    const judged = [...parts];
    let most: { value: number; rule: string } | null = null;
    let fewest: { value: number; rule: string } | null = null;
    this.#each(seen, framesOf, exception, (rule, index) => {
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

  /** Frames by the number of the rule that could mark them. */
  #marking(seen: SeenFrame[]): Map<number, number[]> {
    const candidates = seen.map((frame) => this.#candidatesOf(frame));
    const kinds = candidates.some((one) => one.givesKind);
    return byRule(candidates, (one) => one.mark, kinds ? (one) => one.markByKind : null);
  }

  #judgingOf(
    frames: readonly ReportedFrame[],
    platform: string,
  ): { seen: SeenFrame[]; framesOf: Map<number, number[]> } {
    const known = this.#judging.get(frames);
    if (known) return known;
    const seen = frames.map((frame) => seenFrame(frame, platform));
    const candidates = seen.map((frame) => this.#candidatesOf(frame));
    const kinds = seen.some((frame) => frame.category !== null);
    const framesOf = byRule(candidates, (one) => one.judge, kinds ? (one) => one.judgeByKind : null);
    const made = { seen, framesOf };
    this.#judging.set(frames, made);
    return made;
  }

  /** Calls `apply` for each rule in order, and for each frame it holds for, outermost first. */
  #each(
    seen: SeenFrame[],
    framesOf: ReadonlyMap<number, number[]>,
    exception: SeenException,
    apply: (rule: StackRule, index: number) => void,
  ): void {
    for (const number of [...framesOf.keys()].sort((a, b) => a - b)) {
      const rule = this.#rules[number]!;
      if (!rule.exceptions.every((matcher) => matcher.test(exception[matcher.field]) !== matcher.negated)) continue;
      for (const index of framesOf.get(number)!) {
        if (rule.frames.every((matcher) => holds(matcher, seen, index))) apply(rule, index);
      }
    }
  }

  /** Rules whose conditions on the frame's own unchanging texts hold. */
  #candidatesOf(frame: SeenFrame): Candidates {
    const key = `${frame.family}\n${frame.function}\n${frame.module}\n${frame.package}\n${frame.path}`;
    const known = this.#candidates.get(key);
    if (known) return known;
    const possible = this.#rules.flatMap((rule, number) => {
      const fits = rule.frames.every(
        (matcher) =>
          matcher.on !== 'frame' ||
          matcher.field === 'category' ||
          matcher.field === 'app' ||
          holds(matcher, [frame], 0),
      );
      return fits ? [number] : [];
    });
    const those = (what: (rule: StackRule) => boolean, byKind: boolean): number[] =>
      possible.filter((number) => what(this.#rules[number]!) && asksForKind(this.#rules[number]!) === byKind);
    const mark = those(marksFrames, false);
    const found: Candidates = {
      mark,
      judge: those(judgesParts, false),
      markByKind: those(marksFrames, true),
      judgeByKind: those(judgesParts, true),
      givesKind: mark.some((number) => this.#rules[number]!.actions.some((action) => action.kind === 'category')),
    };
    if (this.#candidates.size >= rememberedFrames) this.#candidates.clear();
    this.#candidates.set(key, found);
    return found;
  }
}

function byRule(
  candidates: readonly Candidates[],
  always: (one: Candidates) => readonly number[],
  byKind: ((one: Candidates) => readonly number[]) | null,
): Map<number, number[]> {
  const framesOf = new Map<number, number[]>();
  candidates.forEach((one, index) => {
    for (const numbers of byKind ? [always(one), byKind(one)] : [always(one)]) {
      for (const number of numbers) {
        const known = framesOf.get(number);
        if (known) known.push(index);
        else framesOf.set(number, [index]);
      }
    }
  });
  return framesOf;
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
