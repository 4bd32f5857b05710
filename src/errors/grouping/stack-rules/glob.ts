/**
 * Globs of stack trace rules and fingerprint rules. `*` stands for any text (in paths: without a slash), `**` for any text, `?` for one
 * character, `[ab]` and `[!ab]` for one of a set, `{a,b}` for alternatives, a backslash takes the next character as it is.
 */

/** Text in which these never appear matches only itself. */
const special = /[*?[\]{}\\]/;

const literal = (text: string): string => text.replace(/[.+^$()|/\\*?[\]{}-]/g, '\\$&');

/** The source of a regular expression (not anchored) for a glob; `isPath` keeps `*` and `?` within a folder. */
export function globSource(glob: string, isPath: boolean): string {
  if (!special.test(glob)) return literal(glob);
  const one = isPath ? '[^/]' : '[^]';
  let source = '';
  let depth = 0;
  for (let at = 0; at < glob.length; at += 1) {
    const char = glob[at]!;
    if (char === '\\' && at + 1 < glob.length) {
      at += 1;
      source += literal(glob[at]!);
    } else if (char === '*') {
      let stars = 1;
      while (glob[at + stars] === '*') stars += 1;
      const before = glob[at - 1];
      const after = glob[at + stars];
      if (isPath && stars === 2 && (before === undefined || before === '/') && after === '/') {
        // Any number of folders, none included.
        source += '(?:[^]*/)?';
        at += 2;
      } else if (isPath && stars === 2 && (before === undefined || before === '/') && after === undefined) {
        source += before === '/' ? '[^]+' : '[^]*';
        at += 1;
      } else {
        source += isPath ? '[^/]*' : '[^]*';
        at += stars - 1;
      }
    } else if (char === '?') source += one;
    else if (char === '[') {
      const end = glob.indexOf(']', at + 2);
      if (end < 0) source += '\\[';
      else {
        const body = glob.slice(at + 1, end);
        const negated = body.startsWith('!') || body.startsWith('^');
        source += `[${negated ? '^' : ''}${body.slice(negated ? 1 : 0).replace(/[\\\]^[]/g, '\\$&')}]`;
        at = end;
      }
    } else if (char === '{' && glob.indexOf('}', at) > 0) {
      depth += 1;
      source += '(?:';
    } else if (char === '}' && depth > 0) {
      depth -= 1;
      source += ')';
    } else if (char === ',' && depth > 0) source += '|';
    else source += literal(char);
  }
  return source + ')'.repeat(depth);
}

/** A test for whole texts that match any of the globs; undefined when the globs cannot be read as one. */
export function globTest(
  globs: readonly string[],
  how: { isPath?: boolean; ignoreCase?: boolean } = {},
): ((text: string) => boolean) | undefined {
  if (globs.length === 1 && !special.test(globs[0]!) && !how.ignoreCase) {
    const [only] = globs;
    return (text) => text === only;
  }
  try {
    const sources = globs.map((glob) => globSource(glob, how.isPath === true));
    const pattern = new RegExp(`^(?:${sources.join('|')})$`, how.ignoreCase ? 'i' : '');
    return (text) => pattern.test(text);
  } catch {
    return undefined;
  }
}
