import { limits } from '../limits.ts';
import type { Node, Scalar } from '../node.ts';
import { type Pair, plainScalar } from './builder.ts';
import { Cursor, colon, hash, isBlank, isEnd, newline, space, unusual } from './cursor.ts';
import { valueOfWord } from './words.ts';

/** Flow collections: what stands between `[` and `]`, `{` and `}`. */
export class FlowReader extends Cursor {
  protected flow(column: number): Node {
    this.depth += 1;
    if (this.depth > limits.yamlDepth) throw unusual;
    const at = this.at(this.pos);
    const isMap = this.text.charCodeAt(this.pos) === 0x7b;
    const close = isMap ? 0x7d : 0x5d;
    this.pos += 1;
    const items: Node[] = [];
    const pairs: Pair[] = [];
    for (;;) {
      this.#skipInFlow(column);
      if (this.text.charCodeAt(this.pos) === close) break;
      if (isMap) pairs.push(this.#flowPair(column));
      else items.push(this.#flowItem(column));
      this.#skipInFlow(column);
      const code = this.text.charCodeAt(this.pos);
      if (code === 0x2c) this.pos += 1;
      else if (code !== close) throw unusual;
    }
    this.pos += 1;
    this.depth -= 1;
    return isMap ? this.builder.map(pairs, at) : this.builder.list(items, at);
  }

  /** Blanks and line feeds between the parts of a flow collection; its lines stand deeper than what it belongs to. */
  #skipInFlow(column: number): void {
    const line = this.line;
    while (!this.ended) {
      const code = this.text.charCodeAt(this.pos);
      if (code === space) this.pos += 1;
      else if (code === newline) this.newLine(this.pos + 1);
      else break;
    }
    const code = this.text.charCodeAt(this.pos);
    if (Number.isNaN(code) || code === hash || code === 0x09) throw unusual;
    if (this.line !== line && this.column <= Math.max(column, 0)) throw unusual;
  }

  #flowPair(column: number): Pair {
    const first = this.text.charCodeAt(this.pos);
    const key = first === 0x22 || first === 0x27 ? this.quoted() : this.#flowPlain();
    if (this.text.charCodeAt(this.pos) !== colon) throw unusual;
    this.pos += 1;
    if (!isEnd(this.text.charCodeAt(this.pos))) throw unusual;
    return { key, value: this.#flowValue(column) };
  }

  #flowItem(column: number): Node {
    const start = this.at(this.pos);
    const line = this.line;
    const node = this.#flowNode(column);
    if (this.text.charCodeAt(this.pos) !== colon) return node;
    // A pair in a list is a map of its own.
    if (node.kind !== 'scalar' || this.line !== line || !isEnd(this.text.charCodeAt(this.pos + 1))) throw unusual;
    this.pos += 1;
    return this.builder.map([{ key: node, value: this.#flowValue(column) }], start);
  }

  #flowValue(column: number): Node {
    this.#skipInFlow(column);
    const code = this.text.charCodeAt(this.pos);
    if (code === 0x2c || code === 0x5d || code === 0x7d) throw unusual;
    return this.#flowNode(column);
  }

  #flowNode(column: number): Node {
    const code = this.text.charCodeAt(this.pos);
    if (code === 0x5b || code === 0x7b) return this.flow(column);
    if (code === 0x22 || code === 0x27) return this.quoted();
    if (code !== 0x2a) return this.#flowPlain();
    const at = this.at(this.pos);
    return this.builder.alias(this.name(), at);
  }

  /** A plain scalar between the marks of a flow collection, on one line. */
  #flowPlain(): Scalar {
    const text = this.text;
    const at = this.at(this.pos);
    this.checkPlainStart();
    if (/^[-?:][,[\]{}]/.test(text.slice(this.pos, this.pos + 2))) throw unusual;
    let index = this.pos;
    for (; ; index += 1) {
      const code = text.charCodeAt(index);
      if (Number.isNaN(code) || code === newline || code === 0x09) throw unusual;
      if (code === 0x2c || code === 0x5b || code === 0x5d || code === 0x7b || code === 0x7d) break;
      if (code === hash && isBlank(text.charCodeAt(index - 1))) throw unusual;
      if (code === colon) {
        const next = text.charCodeAt(index + 1);
        if (isEnd(next)) break;
        if (next === 0x2c || next === 0x5b || next === 0x5d || next === 0x7b || next === 0x7d) throw unusual;
      }
    }
    const stop = text.charCodeAt(index);
    if (stop === 0x5b || stop === 0x7b) throw unusual;
    const word = text.slice(this.pos, index).trimEnd();
    if (word === '') throw unusual;
    this.pos += word.length;
    if (stop === colon && this.pos !== index) throw unusual;
    return plainScalar(valueOfWord(word), word, at);
  }
}
