/** One word of a POSIX shell that stands for exactly this text. NUL cannot occur in one and is dropped. */
export function quote(text: string): string {
  return `'${text.replaceAll('\0', '').replaceAll("'", "'\\''")}'`;
}

/** A path as the job wrote it: `~` and `~/x` stand for the job's home, everything else for itself. */
export function quotePath(path: string): string {
  if (path === '~') return '"$HOME"';
  return path.startsWith('~/') ? `"$HOME"/${quote(path.slice(2))}` : quote(path);
}

const variableName = /^[A-Za-z_][A-Za-z0-9_]*$/;

/**
 * Export statements, one a line. Names no shell can hold are left out, and `IFS`: no shell takes it from its environment, and in the driver
 * it would part the driver's own words.
 */
export function exportsOf(environment: Record<string, string>): string {
  return Object.entries(environment)
    .filter(([name]) => variableName.test(name) && name !== 'IFS')
    .map(([name, value]) => `export ${name}=${quote(value)}\n`)
    .join('');
}

/**
 * Words of a command line such as `/bin/bash -eo pipefail` or `python3 "my file"`: blanks part them, single and double
 * quotes keep them together, a backslash keeps the next character. Nothing is expanded.
 */
export function splitWords(line: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let open: string | undefined;
  for (let index = 0; index < line.length; index += 1) {
    const character = line[index]!;
    if (open) {
      if (character === open) open = undefined;
      else word += character;
    } else if (character === "'" || character === '"') {
      open = character;
      word ??= '';
    } else if (character === '\\' && index + 1 < line.length) {
      index += 1;
      word = (word ?? '') + line[index]!;
    } else if (/\s/.test(character)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else {
      word = (word ?? '') + character;
    }
  }
  if (word !== undefined) words.push(word);
  return words;
}
