import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseAllDocuments } from 'yaml';
import type { Diagnostic } from '../../kernel/diagnostics.ts';
import { InterpolationError, type Lookup, type Piece, pieces } from './interpolate.ts';
import { composeLimits } from './limits.ts';

/** A value that refers to variables, kept in pieces where an environment may fill it later. */
export class Templated {
  readonly pieces: readonly Piece[];

  constructor(parts: readonly Piece[]) {
    this.pieces = parts;
  }

  /** With what is known now. */
  get text(): string {
    return this.pieces.map((piece) => ('text' in piece ? piece.text : piece.otherwise)).join('');
  }
}

/** `!reset` and `!override`: what an override file does to the value it stands over. */
export class Replacing {
  readonly value: unknown;

  constructor(value: unknown) {
    this.value = value;
  }
}

export type Plain = Record<string, unknown>;
export const isPlain = (value: unknown): value is Plain =>
  typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;

/** Where a value stands in its file. */
export type Place = (path: readonly (string | number)[]) => { file: string; line?: number; column?: number };

export interface ReadFile {
  /** One value for each YAML document of the file, variables filled. */
  values: unknown[];
  problems: Diagnostic[];
  /** Of the last document. */
  place: Place;
}

/** Reads one Compose file: bounded, aliases and merge keys followed, variables filled, keys checked. Never throws. */
export function readDocument(file: string, text: string, lookup: Lookup): ReadFile {
  const problems: Diagnostic[] = [];
  const lines = new LineCounter();
  if (Buffer.byteLength(text) > composeLimits.bytes) {
    const message = `The file is larger than ${composeLimits.bytes} bytes`;
    return { values: [], problems: [{ severity: 'error', file, message }], place: () => ({ file }) };
  }
  const parsed = parseAllDocuments(text, {
    lineCounter: lines,
    prettyErrors: false,
    logLevel: 'silent',
    uniqueKeys: true,
  });
  const documents: Document[] = Array.isArray(parsed) ? (parsed as Document[]) : [];
  const at = (node: unknown): { line?: number; column?: number } => {
    const range = (node as { range?: [number, number, number] | null } | null)?.range;
    if (!range) return {};
    const { line, col } = lines.linePos(range[0]);
    return { line, column: col };
  };
  const reader = new NodeReader(file, lookup, problems, at);
  const values: unknown[] = [];
  for (const document of documents) {
    for (const error of document.errors.slice(0, 20)) {
      const { line, col } = lines.linePos(error.pos[0]);
      problems.push({ severity: 'error', file, line, column: col, message: error.message });
    }
    if (document.errors.length === 0) values.push(reader.read(document, document.contents as Node | null));
  }
  const last = documents.at(-1);
  const place: Place = (path) => {
    for (let length = path.length; length > 0; length -= 1) {
      const parent = length === 1 ? last?.contents : last?.getIn(path.slice(0, length - 1), true);
      if (isMap(parent)) {
        const pair = parent.items.find(
          (item) => isScalar(item.key) && String(item.key.value) === String(path[length - 1]),
        );
        if (pair) return { file, ...at(pair.key) };
      }
      if (isSeq(parent)) {
        const item = parent.items[Number(path[length - 1])];
        if (item) return { file, ...at(item) };
      }
    }
    return { file, ...at(last?.contents) };
  };
  return { values, problems, place };
}

type Path = (string | number)[];

class NodeReader {
  readonly #file: string;
  readonly #lookup: Lookup;
  readonly #problems: Diagnostic[];
  readonly #at: (node: unknown) => { line?: number; column?: number };
  #nodes = 0;

  constructor(
    file: string,
    lookup: Lookup,
    problems: Diagnostic[],
    at: (node: unknown) => { line?: number; column?: number },
  ) {
    this.#file = file;
    this.#lookup = lookup;
    this.#problems = problems;
    this.#at = at;
  }

  read(document: Document, node: Node | null, path: Path = [], depth = 0): unknown {
    if (node === null || node === undefined) return null;
    this.#nodes += 1;
    if (this.#nodes > composeLimits.nodes || depth > composeLimits.depth) {
      const message = 'The file is nested too deeply, or its aliases stand for too much';
      if (!this.#problems.some((problem) => problem.message === message)) this.#complain(node, message);
      return null;
    }
    if (isAlias(node)) {
      const target = node.resolve(document);
      return target ? this.read(document, target, path, depth + 1) : null;
    }
    if (node.tag === '!reset') return new Replacing(undefined);
    const value = isMap(node)
      ? this.#map(document, node, path, depth)
      : isSeq(node)
        ? node.items.map((item, index) => this.read(document, item as Node, [...path, index], depth + 1))
        : isScalar(node)
          ? this.#scalar(node, path)
          : null;
    return node.tag === '!override' ? new Replacing(value) : value;
  }

  #map(document: Document, node: import('yaml').YAMLMap, path: Path, depth: number): Plain {
    const own: Plain = {};
    const inherited: Plain = {};
    for (const { key, value } of node.items) {
      const name = isScalar(key) ? key.value : undefined;
      if (name === '<<') {
        const sources = this.read(document, value as Node, path, depth + 1);
        for (const source of Array.isArray(sources) ? sources : [sources]) {
          if (isPlain(source)) for (const [each, inner] of Object.entries(source)) inherited[each] ??= inner;
        }
        continue;
      }
      if (typeof name !== 'string') {
        const where = path.length === 0 ? 'at top level' : `in ${path.join('.')}`;
        this.#complain(key as Node, `non-string key ${where}: ${String(name)}`, 'Put it in quotes.');
        continue;
      }
      if (name === '__proto__') continue;
      own[name] = this.read(document, value as Node | null, [...path, name], depth + 1);
    }
    return { ...inherited, ...own };
  }

  #scalar(node: import('yaml').Scalar, path: Path): unknown {
    if (typeof node.value !== 'string') return node.value;
    if (!node.value.includes('$')) return node.value;
    try {
      const parts = pieces(node.value, this.#lookup);
      const templated = new Templated(parts);
      return path[0] === 'services' && path[2] === 'environment' && parts.some((part) => 'variable' in part)
        ? templated
        : templated.text;
    } catch (error) {
      if (!(error instanceof InterpolationError)) throw error;
      this.#complain(node, `${path.join('.')}: ${error.message}`);
      return '';
    }
  }

  #complain(node: unknown, message: string, hint?: string): void {
    this.#problems.push({ severity: 'error', file: this.#file, ...this.#at(node), message, hint });
  }
}
