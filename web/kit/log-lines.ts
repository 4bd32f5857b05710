import { parseAnsi, plainText, type TextStyle } from './ansi.ts';

export interface LogEntry {
  text: string;
  /** Unix ms. */
  at?: number | undefined;
}

export interface Fold {
  /** Index of the line that opens the group, and of the last line in it. */
  from: number;
  to: number;
  title: string;
}

// Group marks as GitHub, Azure and GitLab runners print them: scripts written for those fold here too.
const opens = /^(?:::group::|##\[group\]|section_start:\d+:[^\r]*\r?(?:\x1b\[0K)?)(.*)$/;
const closes = /^(?:::endgroup::|##\[endgroup\]|section_end:\d+:)/;

/**
 * The lines of one log, of which any window may be there: remembers the look each line begins with and the groups
 * that can be folded, so that a line can be drawn alone. Adding costs only the new lines.
 */
export class LogLines {
  readonly #entries: (LogEntry | undefined)[] = [];
  readonly #endStyles = new Map<number, TextStyle>();
  readonly #marks = new Map<number, string | null>();
  #count = 0;
  #folds: Fold[] | undefined = [];

  /** Lines there are, fetched or not. */
  get count(): number {
    return this.#count;
  }

  entry(index: number): LogEntry | undefined {
    return this.#entries[index];
  }

  /** The look that the line before left behind. */
  styleAt(index: number): TextStyle | undefined {
    return this.#endStyles.get(index - 1);
  }

  /** Takes note of lines that are there but not fetched. */
  grow(count: number): void {
    if (count > this.#count) this.#count = count;
  }

  /** Puts a window of lines in its place. */
  put(from: number, entries: readonly LogEntry[]): void {
    let style = this.#endStyles.get(from - 1);
    for (const [offset, entry] of entries.entries()) {
      const index = from + offset;
      this.#entries[index] = entry;
      if (style || entry.text.includes('\x1b')) {
        const end = parseAnsi(entry.text, style).end;
        style = Object.keys(end).length > 0 ? end : undefined;
        if (style) this.#endStyles.set(index, style);
        else this.#endStyles.delete(index);
      }
      const opening = opens.exec(entry.text);
      if (opening) this.#mark(index, plainText(opening[1] ?? ''));
      else if (closes.test(entry.text)) this.#mark(index, null);
    }
    this.grow(from + entries.length);
    if (this.#marks.size > 0) this.#folds = undefined;
  }

  #mark(index: number, title: string | null): void {
    this.#marks.set(index, title);
    this.#folds = undefined;
  }

  /** First window of at most `size` lines within `from` to `to` (exclusive) of which something is missing. */
  missing(from: number, to: number, size: number): { from: number; to: number } | undefined {
    for (let index = Math.max(0, from); index < Math.min(to, this.#count); index += 1) {
      if (this.#entries[index]) continue;
      const begin = Math.floor(index / size) * size;
      return { from: begin, to: Math.min(begin + size, this.#count) };
    }
    return undefined;
  }

  /** Groups in order of their first line; one that was never closed reaches to the end. */
  get folds(): readonly Fold[] {
    if (this.#folds) return this.#folds;
    const folds: Fold[] = [];
    const open: Fold[] = [];
    for (const [index, title] of [...this.#marks].sort(([a], [b]) => a - b)) {
      if (title === null) {
        const closed = open.pop();
        if (closed) closed.to = index;
      } else {
        const fold = { from: index, to: this.#count - 1, title };
        open.push(fold);
        folds.push(fold);
      }
    }
    this.#folds = folds;
    return folds;
  }

  /** Indexes of the fetched lines that hold a text, case-insensitive; at most `limit`. */
  search(words: string, limit = 5000): number[] {
    const needle = words.toLowerCase();
    const found: number[] = [];
    if (!needle) return found;
    for (let index = 0; index < this.#count && found.length < limit; index += 1) {
      const entry = this.#entries[index];
      if (entry && plainText(entry.text).toLowerCase().includes(needle)) found.push(index);
    }
    return found;
  }

  /** Lines to show when the groups opened at `folded` are shut; the opening line of each stays. Undefined: all. */
  visible(folded: ReadonlySet<number>): number[] | undefined {
    if (folded.size === 0) return undefined;
    const shut = new Map(this.folds.filter((fold) => folded.has(fold.from)).map((fold) => [fold.from, fold.to]));
    const rows: number[] = [];
    for (let index = 0; index < this.#count; index = (shut.get(index) ?? index) + 1) rows.push(index);
    return rows;
  }
}
