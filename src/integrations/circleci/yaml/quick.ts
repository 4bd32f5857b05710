import type { SourcePosition } from '../../../pipelines/port.ts';
import { limits } from '../limits.ts';
import type { Node, Scalar } from '../node.ts';
import { type NodeBuilder, type Pair, plainScalar } from './builder.ts';
import { colon, dash, documentMark, hash, isBlank, isEnd, newline, space, unusual } from './cursor.ts';
import { FlowReader } from './flow.ts';
import { valueOfWord } from './words.ts';

/**
 * Reads the plain YAML that people write: block maps and lists, scalars on one line, block texts, short flow collections, anchors and
 * aliases. Several times as fast as a whole reader, and undefined for everything else (tags, scalars over several lines, what is
 * wrong): then the whole reader decides. What it does read comes out the same, node by node and place by place.
 */
export function quickRead(file: string, text: string, builder: NodeBuilder): Node | undefined {
  try {
    return new QuickReader(file, text, builder).read();
  } catch (error) {
    if (error === unusual) return undefined;
    throw error;
  }
}

class QuickReader extends FlowReader {
  /** Where the blanks that were passed over last end: there an empty value stands. */
  #blanksEnd: SourcePosition = this.at(0);

  read(): Node {
    if (/[\r\0\u0085\u2028\u2029\ufeff]/.test(this.text)) throw unusual;
    this.#skip();
    if (this.ended || this.text.startsWith('%')) throw unusual;
    if (this.text.startsWith('---', this.pos)) {
      if (this.column !== 0 || !/^---[ ]*$/m.test(this.restOfLine())) throw unusual;
      this.pos = this.endOfLine();
      this.#skip();
      if (this.ended) throw unusual;
    }
    const node = this.#block(this.column);
    this.#skip();
    if (!this.ended) throw unusual;
    return node;
  }

  /** Goes on to the next content: over blanks, comments and empty lines. */
  #skip(): void {
    const text = this.text;
    while (this.pos < text.length) {
      const code = text.charCodeAt(this.pos);
      if (code === space) this.pos += 1;
      else if (code === newline) this.newLine(this.pos + 1);
      else if (code === hash && (this.column === 0 || isBlank(text.charCodeAt(this.pos - 1)))) {
        this.pos = this.endOfLine();
      } else if (code === 0x09) throw unusual;
      else return;
    }
  }

  /** Blanks of the same line; true when nothing but a comment is left of it. */
  #skipBlanks(): boolean {
    while (this.text.charCodeAt(this.pos) === space) this.pos += 1;
    this.#blanksEnd = this.at(this.pos);
    const code = this.text.charCodeAt(this.pos);
    if (code === 0x09) throw unusual;
    if (Number.isNaN(code) || code === newline) return true;
    if (code !== hash || !isBlank(this.text.charCodeAt(this.pos - 1))) return false;
    this.pos = this.endOfLine();
    return true;
  }

  /** A node that begins on a line of its own, or after the dash of an item: its kind is seen by what stands there. */
  #block(column: number): Node {
    this.depth += 1;
    if (this.depth > limits.yamlDepth) throw unusual;
    const code = this.text.charCodeAt(this.pos);
    // How deep its text must be is said by what it belongs to.
    if (code === 0x7c || code === 0x3e) throw unusual;
    let node: Node;
    if (code === dash && this.#isMark()) node = this.#blockList(column);
    else if (this.#keyEnd() !== -1) node = this.#blockMap(column);
    else node = this.#inline(column - 1);
    this.depth -= 1;
    return node;
  }

  /** Whether the character here stands alone, as the dash of an item does. */
  #isMark(): boolean {
    const next = this.text.charCodeAt(this.pos + 1);
    return Number.isNaN(next) || next === space || next === newline;
  }

  #blockList(column: number): Node {
    const at = this.at(this.pos);
    const items: Node[] = [];
    for (;;) {
      this.pos += 1;
      items.push(this.#item(column));
      this.#skip();
      if (this.ended || this.column < column) break;
      if (this.column > column) throw unusual;
      if (this.text.charCodeAt(this.pos) !== dash || !this.#isMark()) break;
    }
    return this.builder.list(items, at);
  }

  #item(column: number): Node {
    if (this.#skipBlanks()) {
      const empty = this.#blanksEnd;
      this.#skip();
      if (this.ended || this.column <= column) return emptyAt(empty);
      return this.#block(this.column);
    }
    const code = this.text.charCodeAt(this.pos);
    if (code === 0x26 || code === 0x7c || code === 0x3e) return this.#value(column, false);
    return this.#block(this.column);
  }

  #blockMap(column: number): Node {
    const at = this.at(this.pos);
    const pairs: Pair[] = [];
    for (;;) {
      const end = this.#keyEnd();
      if (end === -1) throw unusual;
      const key = this.#key(end);
      this.pos = end + 1;
      pairs.push({ key, value: this.#mapValue(column) });
      this.#skip();
      if (this.ended || this.column < column) break;
      if (this.column > column) throw unusual;
      if (this.text.charCodeAt(this.pos) === dash && this.#isMark()) throw unusual;
    }
    return this.builder.map(pairs, at);
  }

  #mapValue(column: number): Node {
    if (!this.#skipBlanks()) return this.#value(column, true);
    const empty = this.#blanksEnd;
    return this.#below(column, true) ?? emptyAt(empty);
  }

  /** The node on the lines below a key or dash, if there is one: deeper, or below a key a list that is as deep. */
  #below(column: number, inMap: boolean): Node | undefined {
    this.#skip();
    if (this.ended) return undefined;
    if (this.column > column) return this.#block(this.column);
    const isList = inMap && this.column === column && this.text.charCodeAt(this.pos) === dash && this.#isMark();
    return isList ? this.#block(column) : undefined;
  }

  /** The value on the line of its key or dash: a scalar, a text, a flow collection, an alias, with an anchor perhaps. */
  #value(column: number, inMap: boolean): Node {
    if (this.text.charCodeAt(this.pos) !== 0x26) return this.#inline(column);
    const name = this.name();
    let node: Node | undefined;
    if (this.#skipBlanks()) node = this.#below(column, inMap);
    else {
      if (this.text.charCodeAt(this.pos) === 0x2a) throw unusual;
      node = this.#keyEnd() === -1 ? this.#inline(column) : undefined;
    }
    if (!node) throw unusual;
    this.builder.anchor(name, node);
    return node;
  }

  #inline(column: number): Node {
    const code = this.text.charCodeAt(this.pos);
    switch (code) {
      case 0x7c: // |
      case 0x3e: // >
        return this.#blockText(column, code === 0x3e);
      case 0x22: // "
      case 0x27: {
        // '
        const node = this.quoted();
        if (!this.#skipBlanks()) throw unusual;
        return node;
      }
      case 0x2a: {
        // *
        const at = this.at(this.pos);
        const name = this.name();
        if (!this.#skipBlanks()) throw unusual;
        return this.builder.alias(name, at);
      }
      case 0x5b: // [
      case 0x7b: {
        // {
        const node = this.flow(column);
        if (!this.#skipBlanks()) throw unusual;
        return node;
      }
      default:
        return this.#plainLines(column);
    }
  }

  /** A plain scalar to the end of its line, and over the lines below it that are deeper than a column. */
  #plainLines(column: number): Node {
    const at = this.at(this.pos);
    this.checkPlainStart();
    const first = this.restOfLine();
    const comment = first.search(/[ \t]#/);
    let text = plainLine(comment === -1 ? first : first.slice(0, comment));
    this.pos += first.length;
    const further = comment === -1 ? this.#further(column) : [];
    let empty = 0;
    for (const line of further) {
      if (line === '') empty += 1;
      else {
        text += (empty > 0 ? '\n'.repeat(empty) : ' ') + line;
        empty = 0;
      }
    }
    return plainScalar(valueOfWord(text), text, at);
  }

  /** The lines below a plain scalar that belong to it: deeper than a column, up to the last that is not empty. */
  #further(column: number): string[] {
    const text = this.text;
    const lines: string[] = [];
    let kept = 0;
    let at = { pos: this.pos, line: this.line, lineStart: this.lineStart };
    while (this.pos < text.length) {
      this.newLine(this.pos + 1);
      while (text.charCodeAt(this.pos) === space) this.pos += 1;
      const code = text.charCodeAt(this.pos);
      if (code === newline) {
        lines.push('');
        continue;
      }
      if (Number.isNaN(code) || this.column <= column) break;
      const line = this.restOfLine();
      if (code === hash || line.includes(' #') || (this.column === 0 && documentMark.test(line))) throw unusual;
      lines.push(plainLine(line));
      this.pos += line.length;
      kept = lines.length;
      at = { pos: this.pos, line: this.line, lineStart: this.lineStart };
    }
    this.pos = at.pos;
    this.line = at.line;
    this.lineStart = at.lineStart;
    return lines.slice(0, kept);
  }

  /** Where the colon of a key that begins here stands; -1 when this is no key. */
  #keyEnd(): number {
    const text = this.text;
    const first = text.charCodeAt(this.pos);
    if (first === 0x22 || first === 0x27) {
      const close = this.closingQuote(first);
      return text.charCodeAt(close + 1) === colon && isEnd(text.charCodeAt(close + 2)) ? close + 1 : -1;
    }
    if (first === 0x5b || first === 0x7b || first === 0x7c || first === 0x3e) return -1;
    for (let index = this.pos; ; index += 1) {
      const code = text.charCodeAt(index);
      if (Number.isNaN(code) || code === newline) return -1;
      if (code === hash && isBlank(text.charCodeAt(index - 1))) return -1;
      if (code === colon && isEnd(text.charCodeAt(index + 1))) {
        if (index - this.pos > 900) throw unusual;
        return index;
      }
    }
  }

  #key(end: number): Scalar {
    const first = this.text.charCodeAt(this.pos);
    if (first === 0x22 || first === 0x27) return this.quoted();
    const at = this.at(this.pos);
    this.checkPlainStart();
    const name = this.text.slice(this.pos, end).trimEnd();
    if (name === '' || this.text.slice(this.pos, end).includes('\t')) throw unusual;
    return plainScalar(valueOfWord(name), name, at);
  }

  /** A literal or folded text below its `|` or `>`. */
  #blockText(column: number, folded: boolean): Node {
    const at = this.at(this.pos);
    const header = /^[|>]([+-]?)[ ]*(?:[ ]#.*)?$/.exec(this.restOfLine());
    if (!header) throw unusual;
    this.pos = this.endOfLine();
    const lines = this.#textLines(column);
    let end = lines.length;
    while (end > 0 && lines[end - 1] === '') end -= 1;
    const kept = lines.slice(0, end);
    const body = folded ? fold(kept) : kept.join('\n');
    const tail =
      header[1] === '-' ? '' : header[1] === '+' ? '\n'.repeat(lines.length - end + (end > 0 ? 1 : 0)) : '\n';
    const value = end === 0 && header[1] !== '+' ? '' : body + tail;
    return { kind: 'scalar', value, at, plain: undefined, block: true };
  }

  /** Lines of a text that is deeper than a column, without their indentation; empty ones at the end included. */
  #textLines(column: number): string[] {
    const text = this.text;
    const lines: string[] = [];
    let indent = -1;
    while (this.pos < text.length) {
      const start = this.pos + 1;
      if (start >= text.length) break;
      const found = text.indexOf('\n', start);
      const end = found === -1 ? text.length : found;
      let first = start;
      while (first < end && text.charCodeAt(first) === space) first += 1;
      if (first === end) {
        if (indent === -1 ? first - start > 0 : first - start > indent) {
          if (indent === -1) throw unusual;
          lines.push(text.slice(start + indent, end));
        } else lines.push('');
      } else {
        if (text.charCodeAt(first) === 0x09) throw unusual;
        if (first === start && documentMark.test(text.slice(start, start + 3))) throw unusual;
        if (indent === -1) {
          if (first - start <= column) break;
          indent = first - start;
        }
        if (first - start < indent) {
          if (first - start > column) throw unusual;
          break;
        }
        lines.push(text.slice(start + indent, end));
      }
      // Without a line feed at its end the last line is left to the whole reader.
      if (found === -1) throw unusual;
      this.newLine(start);
      this.pos = end;
    }
    return lines;
  }
}

function emptyAt(at: SourcePosition): Scalar {
  return { kind: 'scalar', value: null, at, plain: '' };
}

/** One line of a plain scalar without blanks around it. */
function plainLine(text: string): string {
  const line = text.trimEnd();
  if (/:(?:[ \t]|$)/.test(line) || line.includes('\t')) throw unusual;
  return line;
}

/** Lines of a folded text: a line feed is a blank, an empty line a line feed; around lines that begin with blanks nothing is folded. */
function fold(lines: string[]): string {
  let text = '';
  let empty = 0;
  let deep = false;
  let begun = false;
  for (const line of lines) {
    if (line === '') {
      empty += 1;
      continue;
    }
    const deeper = /^[ \t]/.test(line);
    if (!begun) text += '\n'.repeat(empty);
    else if (deep || deeper) text += '\n'.repeat(empty + 1);
    else text += empty > 0 ? '\n'.repeat(empty) : ' ';
    text += line;
    empty = 0;
    deep = deeper;
    begun = true;
  }
  return text;
}
