import { posix } from 'node:path';

/** Where a path of a step points in its place: `~` is the home, a relative one stands in the working directory. */
export function resolvePath(path: string, place: { home: string; workingDirectory: string }): string {
  if (path === '~') return place.home;
  if (path.startsWith('~/')) return posix.join(place.home, path.slice(2));
  return posix.resolve(place.workingDirectory, path);
}

/** Whether a path pattern holds more than one path. */
export const isPattern = (path: string): boolean => /[*?[\\]/.test(path);

/**
 * A matcher for Go's `filepath.Match`: `*` and `?` stop at `/`, `[a-z]` and `[^a-z]` are classes, a backslash takes the next
 * character as it is. A pattern that names a directory takes everything below it too.
 */
export function matchPath(pattern: string): (path: string) => boolean {
  const parts = posix.normalize(pattern).replace(/\/$/, '').split('/').map(compileSegment);
  return (path) => {
    const segments = posix.normalize(path).replace(/\/$/, '').split('/');
    if (parts.length === 1 && pattern === '.') return true;
    return segments.length >= parts.length && parts.every((part, index) => part(segments[index]!));
  };
}

/** Matches one path segment with a backtracking-free loop: nobody's pattern can make it slow. */
function compileSegment(pattern: string): (text: string) => boolean {
  const tokens = tokenize(pattern);
  return (text) => {
    const characters = [...text];
    let at = 0;
    let token = 0;
    let star = -1;
    let mark = 0;
    while (at < characters.length) {
      const current = tokens[token];
      if (current === '*') {
        star = token;
        mark = at;
        token += 1;
      } else if (typeof current === 'function' && current(characters[at]!)) {
        at += 1;
        token += 1;
      } else if (star >= 0) {
        token = star + 1;
        mark += 1;
        at = mark;
      } else {
        return false;
      }
    }
    while (tokens[token] === '*') token += 1;
    return token === tokens.length;
  };
}

type Token = '*' | ((character: string) => boolean);

function tokenize(pattern: string): Token[] {
  const tokens: Token[] = [];
  const characters = [...pattern];
  for (let index = 0; index < characters.length; index += 1) {
    const character = characters[index]!;
    if (character === '*') tokens.push('*');
    else if (character === '?') tokens.push(() => true);
    else if (character === '[' && characters.indexOf(']', index + 2) !== -1) {
      const end = characters.indexOf(']', index + 2);
      tokens.push(characterClass(characters.slice(index + 1, end)));
      index = end;
    } else {
      if (character === '\\' && index + 1 < characters.length) index += 1;
      const literal = characters[index]!;
      tokens.push((other) => other === literal);
    }
  }
  return tokens;
}

function characterClass(inside: string[]): (character: string) => boolean {
  const negated = inside[0] === '^';
  const members = negated ? inside.slice(1) : inside;
  const ranges: [string, string][] = [];
  for (let index = 0; index < members.length; index += 1) {
    if (members[index + 1] === '-' && members[index + 2] !== undefined) {
      ranges.push([members[index]!, members[index + 2]!]);
      index += 2;
    } else {
      ranges.push([members[index]!, members[index]!]);
    }
  }
  return (character) => ranges.some(([low, high]) => character >= low && character <= high) !== negated;
}

/**
 * A name from an archive as a safe path below a directory: no leading slash, no `..`, no control characters; undefined when
 * nothing is left.
 */
export function safeName(name: string): string | undefined {
  const parts = name
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .map((part) => [...part].filter((character) => character >= ' ' && character !== '\x7f').join(''));
  if (parts.length === 0 || parts.some((part) => part === '..' || part === '')) return undefined;
  return parts.join('/');
}
