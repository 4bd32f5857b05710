import { createContext, Script } from 'node:vm';
import { RE2JS } from 're2js';
import { limits } from './limits.ts';

/** `matches` gives undefined when trying takes too long. */
export type Pattern = { ok: true; matches(text: string): boolean | undefined } | { ok: false; problem: string };

/**
 * A regular expression as CircleCI's filters and `matches` statements use them: Java's, and the whole text must match.
 * It runs on RE2, which takes linear time whatever a person writes. What RE2 lacks (lookaround, references to groups) is
 * tried by backtracking, for a limited time.
 */
export function compilePattern(source: string): Pattern {
  if (source.length > limits.patternLength) {
    return {
      ok: false,
      problem: `A regular expression may have ${limits.patternLength} characters, and this has ${source.length}`,
    };
  }
  try {
    const whole = RE2JS.compile(withoutUnions(source));
    return { ok: true, matches: (text) => whole.matches(text) };
  } catch (error) {
    return (
      backtracking(source) ?? {
        ok: false,
        problem: `"${source}" is not a regular expression Millrace can run: ${(error as Error).message}`,
      }
    );
  }
}

/** Java lets a class stand inside a class (`[.[0-9]+]`) and takes their union; RE2 takes the inner bracket for itself. */
function withoutUnions(source: string): string {
  let text = '';
  let depth = 0;
  for (let index = 0; index < source.length; index += 1) {
    const character = source[index]!;
    if (character === '\\') {
      text += source.slice(index, index + 2);
      index += 1;
      continue;
    }
    const inner = depth > 0 && character === '[' && source[index + 1] !== ':' && source[index + 1] !== '^';
    if (character === '[' && (depth === 0 || inner)) depth += 1;
    else if (character === ']' && depth > 0) depth -= 1;
    else {
      text += character;
      continue;
    }
    // Only the outermost brackets stay.
    if (character === '[' ? depth === 1 : depth === 0) text += character;
  }
  return depth === 0 ? text : source;
}

const room = createContext(Object.create(null));
const trial = new Script('pattern.test(text)');

function backtracking(source: string): Pattern | undefined {
  const insensitive = source.startsWith('(?i)');
  let pattern: RegExp;
  try {
    pattern = new RegExp(`^(?:${insensitive ? source.slice(4) : source})$`, insensitive ? 'iu' : 'u');
  } catch {
    return undefined;
  }
  return {
    ok: true,
    matches(text) {
      Object.assign(room, { pattern, text });
      try {
        return trial.runInContext(room, { timeout: limits.patternMs }) as boolean;
      } catch {
        return undefined;
      }
    },
  };
}
