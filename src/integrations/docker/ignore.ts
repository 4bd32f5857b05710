import picomatch from 'picomatch';

/**
 * Which paths of a build context `.dockerignore` leaves out. The last line that matches a path or a directory above it
 * decides; `!` takes back. Patterns are relative to the root whatever slash they begin with.
 */
export function readIgnore(text: string): (path: string) => boolean {
  const rules = text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .slice(0, 1000)
    .map((line) => {
      const keep = line.startsWith('!');
      const pattern = (keep ? line.slice(1).trim() : line).replace(/^\.?\/+/, '').replace(/\/+$/, '');
      return {
        keep,
        matches: picomatch(pattern === '' ? '.' : pattern, { dot: true, nonegate: true, noextglob: true }),
      };
    });
  return (path) => {
    const parts = path.split('/');
    const above = parts.map((_, index) => parts.slice(0, index + 1).join('/'));
    let ignored = false;
    for (const rule of rules) if (above.some((each) => rule.matches(each))) ignored = !rule.keep;
    return ignored;
  };
}
