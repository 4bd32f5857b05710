/** How a piece of terminal text looks. Colours: 0 to 15 named, 16 to 255 the palette, or `#rrggbb`. */
export interface TextStyle {
  color?: number | string | undefined;
  background?: number | string | undefined;
  bold?: boolean | undefined;
  dim?: boolean | undefined;
  italic?: boolean | undefined;
  underline?: boolean | undefined;
  strike?: boolean | undefined;
  inverse?: boolean | undefined;
}

export interface StyledPiece {
  text: string;
  style: TextStyle;
}

const plain: TextStyle = {};

// CSI sequences (ECMA-48 5.4), OSC strings (links, titles) ended by BEL or ST, and two-byte escapes.
const escapeSequence =
  /\x1b(?:\[([0-?]*)[ -/]*([@-~])|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[PX^_][^\x1b]*(?:\x1b\\)?|[ -/]*[0-~]?)/g;

const controls = /[\x00-\x08\x0b-\x1f\x7f]/g;

/**
 * Splits one line of terminal output into pieces of one look each. A carriage return starts the line over, as a
 * progress bar does. Everything that is not colour is dropped. `start` is the look the line before ended with.
 */
export function parseAnsi(line: string, start: TextStyle = plain): { pieces: StyledPiece[]; end: TextStyle } {
  const pieces: StyledPiece[] = [];
  let style = start;
  let from = 0;
  let startOver = false;
  const push = (raw: string) => {
    const parts = raw.split('\r');
    for (const [index, part] of parts.entries()) {
      if (index > 0) startOver = true;
      const text = part.replace(controls, '');
      if (!text) continue;
      // Only what is written over something replaces it: a return at the end of a line changes nothing.
      if (startOver) pieces.length = 0;
      startOver = false;
      const last = pieces.at(-1);
      if (last && last.style === style) last.text += text;
      else pieces.push({ text, style });
    }
  };
  if (!line.includes('\x1b')) {
    push(line);
    return { pieces, end: style };
  }
  for (const match of line.matchAll(escapeSequence)) {
    push(line.slice(from, match.index));
    from = match.index + match[0].length;
    if (match[2] === 'm') style = applyCodes(style, match[1] ?? '');
    else if (match[2] === 'K' && match[1] === '2') pieces.length = 0;
  }
  push(line.slice(from));
  return { pieces, end: style };
}

/** The words of a line without looks: for search and copying. */
export function plainText(line: string): string {
  const bare = line.includes('\x1b') ? line.replace(escapeSequence, '') : line;
  if (!bare.includes('\r')) return bare.replace(controls, '');
  const parts = bare.split('\r').map((part) => part.replace(controls, ''));
  return parts.findLast((part) => part !== '') ?? '';
}

function applyCodes(before: TextStyle, parameters: string): TextStyle {
  const codes = parameters.split(/[;:]/).map((code) => (code === '' ? 0 : Number(code)));
  let style: TextStyle = { ...before };
  for (let index = 0; index < codes.length; index += 1) {
    const code = codes[index]!;
    if (code === 0) style = {};
    else if (code === 1) style.bold = true;
    else if (code === 2) style.dim = true;
    else if (code === 3) style.italic = true;
    else if (code === 4) style.underline = true;
    else if (code === 7) style.inverse = true;
    else if (code === 9) style.strike = true;
    else if (code === 22) style.bold = style.dim = undefined;
    else if (code === 23) style.italic = undefined;
    else if (code === 24) style.underline = undefined;
    else if (code === 27) style.inverse = undefined;
    else if (code === 29) style.strike = undefined;
    else if (code >= 30 && code <= 37) style.color = code - 30;
    else if (code >= 90 && code <= 97) style.color = code - 90 + 8;
    else if (code === 39) style.color = undefined;
    else if (code >= 40 && code <= 47) style.background = code - 40;
    else if (code >= 100 && code <= 107) style.background = code - 100 + 8;
    else if (code === 49) style.background = undefined;
    else if (code === 38 || code === 48) {
      const extended = extendedColor(codes, index + 1);
      index += extended.used;
      if (code === 38) style.color = extended.color ?? style.color;
      else style.background = extended.color ?? style.background;
    }
  }
  return Object.values(style).some((value) => value !== undefined) ? style : plain;
}

/** `5;n` of the palette, or `2;r;g;b`. */
function extendedColor(codes: number[], at: number): { color: number | string | undefined; used: number } {
  const byte = (value: number | undefined) => Math.min(255, Math.max(0, Math.trunc(value || 0)));
  if (codes[at] === 5) return { color: byte(codes[at + 1]), used: 2 };
  if (codes[at] === 2) {
    const hex = [1, 2, 3].map((offset) =>
      byte(codes[at + offset])
        .toString(16)
        .padStart(2, '0'),
    );
    return { color: `#${hex.join('')}`, used: 4 };
  }
  return { color: undefined, used: 0 };
}

const names = ['black', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'white'];

/** A CSS colour. The sixteen named ones come from the tokens, so that they stay legible in both themes. */
export function ansiColor(color: number | string): string {
  if (typeof color === 'string') return color;
  if (color < 16) return `var(--ansi-${names[color % 8]})`;
  if (color >= 232) {
    const grey = 8 + (color - 232) * 10;
    return `rgb(${grey} ${grey} ${grey})`;
  }
  const level = (value: number) => (value === 0 ? 0 : 55 + value * 40);
  const cube = color - 16;
  return `rgb(${level(Math.floor(cube / 36))} ${level(Math.floor(cube / 6) % 6)} ${level(cube % 6)})`;
}
