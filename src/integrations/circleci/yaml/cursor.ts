import type { SourcePosition } from '../../../pipelines/port.ts';
import type { Scalar } from '../node.ts';
import type { NodeBuilder } from './builder.ts';
import { unescaped } from './words.ts';

/** Thrown at the first thing that the quick reader leaves to the whole one. */
export const unusual = new Error('unusual YAML');

export const space = 0x20;
export const newline = 0x0a;
export const hash = 0x23;
export const dash = 0x2d;
export const colon = 0x3a;

export const documentMark = /^(?:---|\.\.\.)/;
export const isBlank = (code: number): boolean => code === space || code === newline || code === 0x09;
export const isEnd = (code: number): boolean => Number.isNaN(code) || code === space || code === newline;

/** A place in a YAML text, and what is read the same in block and in flow: names, quoted scalars, how a plain one may begin. */
export class Cursor {
  protected readonly file: string;
  protected readonly text: string;
  protected readonly builder: NodeBuilder;
  protected pos = 0;
  protected line = 1;
  protected lineStart = 0;
  protected depth = 0;

  constructor(file: string, text: string, builder: NodeBuilder) {
    this.file = file;
    this.text = text;
    this.builder = builder;
  }

  protected get ended(): boolean {
    return this.pos >= this.text.length;
  }

  protected get column(): number {
    return this.pos - this.lineStart;
  }

  protected at(offset: number): SourcePosition {
    return { file: this.file, line: this.line, column: offset - this.lineStart + 1 };
  }

  protected endOfLine(): number {
    const end = this.text.indexOf('\n', this.pos);
    return end === -1 ? this.text.length : end;
  }

  protected restOfLine(): string {
    return this.text.slice(this.pos, this.endOfLine());
  }

  protected newLine(at: number): void {
    this.line += 1;
    this.lineStart = at;
    this.pos = at;
  }

  /** The name after `&` or `*`. */
  protected name(): string {
    const match = /[\w.-]+(?=[ \n,\]}]|$)/y;
    match.lastIndex = this.pos + 1;
    const name = match.exec(this.text)?.[0];
    if (name === undefined) throw unusual;
    this.pos += 1 + name.length;
    return name;
  }

  protected checkPlainStart(): void {
    const first = this.text[this.pos]!;
    if (
      /[,[\]{}#&*!|>'"%@`]/.test(first) ||
      (/[-?:]/.test(first) && /^(?:[ \t\n]|$)/.test(this.text.slice(this.pos + 1, this.pos + 2)))
    ) {
      throw unusual;
    }
    if (this.column === 0 && documentMark.test(this.restOfLine())) throw unusual;
  }

  protected closingQuote(quote: number): number {
    const text = this.text;
    for (let index = this.pos + 1; ; index += 1) {
      const code = text.charCodeAt(index);
      if (Number.isNaN(code) || code === newline || code === 0x09) throw unusual;
      if (quote === 0x22 && code === 0x5c) index += 1;
      else if (code === quote) {
        if (quote === 0x27 && text.charCodeAt(index + 1) === quote) index += 1;
        else return index;
      }
    }
  }

  protected quoted(): Scalar {
    const at = this.at(this.pos);
    const quote = this.text.charCodeAt(this.pos);
    const close = this.closingQuote(quote);
    const inner = this.text.slice(this.pos + 1, close);
    this.pos = close + 1;
    const value = quote === 0x22 ? unescaped(inner) : inner.replaceAll("''", "'");
    if (value === undefined) throw unusual;
    return { kind: 'scalar', value, at, plain: undefined, block: undefined };
  }
}
