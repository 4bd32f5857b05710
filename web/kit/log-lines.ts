import { parseAnsi, plainText, type TextStyle } from './ansi.ts';

export interface LogEntry {
  text: string;
  /** Unix ms. */
  at?: number | undefined;
  level?: 'error' | 'warn' | undefined;
}

interface Fold {
  /** Index of the line that opens the group, and of the last line in it. */
  from: number;
  to: number;
  title: string;
}

const opens = /^(?:::group::|##\[group\]|section_start:\d+:[^\r]*\r?(?:\x1b\[0K)?)(.*)$/;
const closes = /^(?:::endgroup::|##\[endgroup\]|section_end:\d+:)/;

/**
 * The lines of one log, growing at its end: remembers the look each line begins with and the groups that can be
 * folded, so that any line can be drawn alone. Appending costs only the new lines.
 */
export class LogLines {
  readonly #entries: LogEntry[] = [];
  readonly #starts = new Map<number, TextStyle>();
  readonly #folds: Fold[] = [];
  #open: Fold[] = [];
  #end: TextStyle = {};

  get count(): number {
    return this.#entries.length;
  }

  get folds(): readonly Fold[] {
    return this.#folds;
  }

  entry(index: number): LogEntry | undefined {
    return this.#entries[index];
  }

  styleAt(index: number): TextStyle | undefined {
    return this.#starts.get(index);
  }

  append(entries: readonly LogEntry[]): void {
    for (const entry of entries) {
      const index = this.#entries.length;
      this.#entries.push(entry);
      if (Object.keys(this.#end).length > 0) this.#starts.set(index, this.#end);
      if (entry.text.includes('\x1b')) this.#end = parseAnsi(entry.text, this.#end).end;
      const opening = opens.exec(entry.text);
      if (opening) {
        const fold = { from: index, to: index, title: plainText(opening[1] ?? '') };
        this.#open.push(fold);
        this.#folds.push(fold);
      } else {
        for (const fold of this.#open) fold.to = index;
        if (closes.test(entry.text)) this.#open = this.#open.slice(0, -1);
      }
    }
  }

  /** Indexes of the lines that hold all of `words`, case-insensitive; at most `limit`. */
  search(words: string, limit = 5000): number[] {
    const needle = words.toLowerCase();
    const found: number[] = [];
    if (!needle) return found;
    for (let index = 0; index < this.#entries.length && found.length < limit; index += 1) {
      if (plainText(this.#entries[index]!.text).toLowerCase().includes(needle)) found.push(index);
    }
    return found;
  }

  /** Lines to show when the groups opened at `folded` are shut; the opening line of each stays. */
  visible(folded: ReadonlySet<number>): number[] | undefined {
    if (folded.size === 0) return undefined;
    const hidden = this.#folds.filter((fold) => folded.has(fold.from));
    const rows: number[] = [];
    let index = 0;
    while (index < this.#entries.length) {
      rows.push(index);
      const shut = hidden.find((fold) => fold.from === index);
      index = shut ? shut.to + 1 : index + 1;
    }
    return rows;
  }

  /** All of it as text, for copying and download. */
  text(): string {
    return this.#entries.map((entry) => plainText(entry.text)).join('\n');
  }
}
