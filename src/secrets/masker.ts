import { formsOf } from './forms.ts';
import { compilePatterns, type PatternSet } from './patterns.ts';

/** What stands where a secret stood. Its length says nothing about the secret's. */
export const mask = '****';
const maskBytes = Buffer.from(mask);

/** Hides a fixed set of secrets wherever they appear, in all their encoded forms. Stateless; streams are opened from it. */
export interface Masker {
  /** Whether there is nothing to hide (then everything passes untouched and uncopied). */
  readonly isEmpty: boolean;
  /** The text with every secret replaced by `****`; the same string when nothing was found. */
  text(text: string): string;
  /** The bytes with every secret replaced; the same buffer when nothing was found. */
  bytes(bytes: Buffer): Buffer;
  /** A masker for one stream of bytes that arrives in pieces. */
  open(): MaskStream;
}

export interface MaskStream {
  /**
   * Takes the next bytes and gives those that are certain by now. Held back is only what may be the beginning of a
   * secret, so a live log is never more than a partial match behind. Chunk borders never change the joined result.
   */
  push(chunk: Buffer): Buffer;
  /** The rest. The stream may not be used afterwards. */
  end(): Buffer;
}

const nothing = Buffer.alloc(0);

/**
 * Prepares masking of these values: their raw, base64, URL, JSON, hex, shell and XML forms, and each line of 8 or more
 * characters of a multi-line value. Values under 4 characters and plain words (true, false) are left visible.
 */
export function createMasker(values: Iterable<string>): Masker {
  const forms = new Set<string>();
  for (const value of values) for (const form of formsOf(value)) forms.add(form);
  const patterns = compilePatterns([...forms].map((form) => Buffer.from(form)));
  if (!patterns) return transparent;
  const bytes = (input: Buffer): Buffer => {
    const covered = patterns.find(input);
    return covered.length === 0 ? input : cover(input, input.length, covered, false).output;
  };
  return {
    isEmpty: false,
    bytes,
    text(text) {
      const input = Buffer.from(text);
      const output = bytes(input);
      return output === input ? text : output.toString();
    },
    open: () => openStream(patterns),
  };
}

const transparent: Masker = {
  isEmpty: true,
  bytes: (bytes) => bytes,
  text: (text) => text,
  open: () => ({ push: (chunk) => chunk, end: () => nothing }),
};

function openStream(patterns: PatternSet): MaskStream {
  let held: Buffer = nothing;
  /** How many of the held bytes, from the front, are known to be covered. */
  let heldCovered = 0;
  /** Whether the last byte given out was covered: what touches it needs no second mask. */
  let inside = false;

  const advance = (input: Buffer, upTo: number): Buffer => {
    const covered = patterns.find(input);
    if (heldCovered > 0) join(covered, heldCovered);
    const result = covered.length === 0 && upTo === input.length ? undefined : cover(input, upTo, covered, inside);
    // A match that reaches past the border was found now, but would not be found again without its beginning.
    heldCovered = 0;
    for (let index = 0; index < covered.length; index += 2) {
      if (covered[index]! <= upTo && covered[index + 1]! > upTo) heldCovered = covered[index + 1]! - upTo;
    }
    if (upTo > 0) inside = result?.inside ?? false;
    held = input.subarray(upTo);
    return result?.output ?? input;
  };

  return {
    push(chunk) {
      const input = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
      const output = advance(input, patterns.certain(input));
      // The chunk's memory belongs to the caller again once this returns.
      held = held.length === 0 ? nothing : Buffer.from(held);
      return output;
    },
    end: () => advance(held, held.length),
  };
}

/** Adds the interval [0, end) in front of sorted, disjoint intervals, swallowing what it overlaps. */
function join(covered: number[], end: number): void {
  let last = end;
  let swallowed = 0;
  while (swallowed < covered.length && covered[swallowed]! <= last) {
    last = Math.max(last, covered[swallowed + 1]!);
    swallowed += 2;
  }
  covered.splice(0, swallowed, 0, last);
}

/** Writes one mask for each covered interval within [0, end). Intervals are sorted and do not touch. */
function cover(input: Buffer, end: number, covered: number[], wasInside: boolean): { output: Buffer; inside: boolean } {
  const parts: Buffer[] = [];
  let position = 0;
  let inside = wasInside;
  for (let index = 0; index < covered.length; index += 2) {
    const from = covered[index]!;
    if (from >= end) break;
    if (from > position) {
      parts.push(input.subarray(position, from));
      inside = false;
    }
    if (!inside) parts.push(maskBytes);
    inside = true;
    position = Math.min(covered[index + 1]!, end);
  }
  if (position < end) {
    parts.push(input.subarray(position, end));
    inside = false;
  }
  return { output: parts.length === 1 ? parts[0]! : Buffer.concat(parts), inside };
}
