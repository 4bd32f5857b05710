const escapes = /\x1b\[[0-9;]*m/g;

/** Columns a text takes on a terminal; colours take none. */
export function width(text: string): number {
  let columns = 0;
  for (const character of text.replace(escapes, '')) {
    const code = character.codePointAt(0)!;
    if (code < 32 || (code >= 0x300 && code <= 0x36f) || code === 0x200d) continue;
    columns += isWide(code) ? 2 : 1;
  }
  return columns;
}

function isWide(code: number): boolean {
  return (
    (code >= 0x1100 && code <= 0x115f) ||
    (code >= 0x2e80 && code <= 0xa4cf) ||
    (code >= 0xac00 && code <= 0xd7a3) ||
    (code >= 0xf900 && code <= 0xfaff) ||
    (code >= 0xfe30 && code <= 0xfe6f) ||
    (code >= 0xff00 && code <= 0xff60) ||
    (code >= 0x1f300 && code <= 0x1faff)
  );
}

/** Lines of a table whose columns are as wide as their widest cell. `right` names the columns of numbers. */
export function table(
  rows: string[][],
  options: { head?: string[]; right?: number[]; indent?: string } = {},
): string[] {
  const all = options.head ? [options.head, ...rows] : rows;
  const widths = (all[0] ?? []).map((_, column) => Math.max(...all.map((row) => width(row[column] ?? ''))));
  return all.map((row) => {
    const cells = row.map((cell, column) => {
      const room = ' '.repeat(Math.max(0, widths[column]! - width(cell)));
      return options.right?.includes(column) ? room + cell : cell + room;
    });
    return `${options.indent ?? ''}${cells.join('  ')}`.trimEnd();
  });
}
