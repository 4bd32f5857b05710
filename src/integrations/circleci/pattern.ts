import { RE2JS } from 're2js';

export type Pattern = { ok: true; matches(text: string): boolean } | { ok: false; problem: string };

/**
 * A regular expression as CircleCI's filters and `matches` statements use them: Java's, and the whole text must match.
 * It runs on RE2, which takes linear time whatever a person writes. The one popular thing RE2 lacks, lookahead at the start
 * (`^(?!main$).*`), is decided apart: each such group is tried at the start of the text.
 */
export function compilePattern(source: string): Pattern {
  const anchored = source.startsWith('^');
  let rest = anchored ? source.slice(1) : source;
  const conditions: { pattern: RE2JS; wanted: boolean }[] = [];
  try {
    for (;;) {
      const group = lookahead(rest);
      if (!group) break;
      conditions.push({ pattern: RE2JS.compile(`^(?:${group.body})`), wanted: group.wanted });
      rest = rest.slice(group.length);
    }
    const whole = RE2JS.compile(rest);
    return {
      ok: true,
      matches: (text) =>
        whole.matches(text) && conditions.every(({ pattern, wanted }) => pattern.matcher(text).find() === wanted),
    };
  } catch (error) {
    return {
      ok: false,
      problem: `"${source}" is not a regular expression Millrace can run: ${(error as Error).message}`,
    };
  }
}

function lookahead(source: string): { body: string; wanted: boolean; length: number } | undefined {
  if (!source.startsWith('(?!') && !source.startsWith('(?=')) return undefined;
  let depth = 0;
  let inClass = false;
  for (let index = 0; index < source.length; index += 1) {
    const character = source[index];
    if (character === '\\') index += 1;
    else if (inClass) inClass = character !== ']';
    else if (character === '[') inClass = true;
    else if (character === '(') depth += 1;
    else if (character === ')') {
      depth -= 1;
      if (depth === 0) return { body: source.slice(3, index), wanted: source[2] === '=', length: index + 1 };
    }
  }
  return undefined;
}
