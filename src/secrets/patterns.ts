/** Finds many byte patterns at once. */
export interface PatternSet {
  /**
   * Everything covered by any occurrence of any pattern, overlapping and touching occurrences joined:
   * a flat list [start, end, start, end, ...], sorted.
   */
  find(input: Buffer): number[];
  /** How many bytes from the front no later byte can draw into an occurrence that is not complete yet. */
  certain(input: Buffer): number;
}

/**
 * Compiles patterns for the search of Wu and Manber: a window as long as the shortest pattern slides over the input and
 * its last two bytes tell how far it may jump, so that most bytes are never looked at. Undefined when there are none.
 */
export function compilePatterns(patterns: readonly Buffer[]): PatternSet | undefined {
  if (patterns.length === 0) return undefined;
  const window = Math.max(2, Math.min(255, ...patterns.map((pattern) => pattern.length)));
  const longest = Math.max(...patterns.map((pattern) => pattern.length));
  /** By the two bytes at the window's end: how far no pattern can begin. */
  const jump = new Uint8Array(65_536).fill(window - 1);
  /** By the two bytes at the window's end: the patterns to compare, longest first. */
  const atEnd = new Map<number, Buffer[]>();
  /** By first two bytes: the patterns that may begin so. */
  const atStart = new Map<number, Buffer[]>();
  const starts = new Uint8Array(65_536);
  const firstBytes = new Uint8Array(256);
  for (const pattern of [...patterns].sort((a, b) => b.length - a.length)) {
    for (let end = 1; end < window; end += 1) {
      const block = pattern[end - 1]! | (pattern[end]! << 8);
      jump[block] = Math.min(jump[block]!, window - 1 - end);
    }
    add(atEnd, pattern[window - 2]! | (pattern[window - 1]! << 8), pattern);
    const start = pattern[0]! | (pattern[1]! << 8);
    add(atStart, start, pattern);
    starts[start] = 1;
    firstBytes[pattern[0]!] = 1;
  }

  return {
    find(input) {
      const covered: number[] = [];
      const length = input.length;
      let end = window - 1;
      while (end < length) {
        const block = input[end - 1]! | (input[end]! << 8);
        const step = jump[block]!;
        if (step > 0) {
          end += step;
          continue;
        }
        const from = end - window + 1;
        for (const pattern of atEnd.get(block)!) {
          // Sorted longest first: the first that fits covers all others that begin here.
          if (holds(input, from, pattern, pattern.length)) {
            cover(covered, from, from + pattern.length);
            break;
          }
        }
        end += 1;
      }
      return covered;
    },
    certain(input) {
      const length = input.length;
      for (let from = Math.max(0, length - longest + 1); from < length - 1; from += 1) {
        const start = input[from]! | (input[from + 1]! << 8);
        if (starts[start] === 0) continue;
        const left = length - from;
        for (const pattern of atStart.get(start)!) {
          if (pattern.length <= left) break;
          if (holds(input, from, pattern, left)) return from;
        }
      }
      return length > 0 && firstBytes[input[length - 1]!] === 1 && longest > 1 ? length - 1 : length;
    },
  };
}

function add(map: Map<number, Buffer[]>, key: number, pattern: Buffer): void {
  const bucket = map.get(key);
  if (bucket) bucket.push(pattern);
  else map.set(key, [pattern]);
}

function holds(input: Buffer, from: number, pattern: Buffer, count: number): boolean {
  if (from + count > input.length) return false;
  for (let index = 0; index < count; index += 1) if (input[from + index] !== pattern[index]) return false;
  return true;
}

function cover(covered: number[], from: number, to: number): void {
  const last = covered.length - 1;
  if (last > 0 && covered[last]! >= from) covered[last] = Math.max(covered[last]!, to);
  else covered.push(from, to);
}
