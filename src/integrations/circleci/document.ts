import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  type Node as YamlNode,
} from 'yaml';
import type { SourcePosition } from '../../pipelines/port.ts';
import { limits } from './limits.ts';
import type { Dict, Entry, List, Node, Scalar } from './node.ts';
import type { Problems } from './problems.ts';

/**
 * The file as nodes with places. Aliases share their node, so a bomb costs nothing until it is walked; its full size
 * is counted here and refused. Returns undefined when the file is not YAML at all; every problem is reported.
 */
export function readDocument(file: string, text: string, problems: Problems): Node | undefined {
  const start = { file, line: 1, column: 1 };
  if (Buffer.byteLength(text) > limits.fileBytes) {
    problems.error(start, `The file is larger than ${limits.fileBytes / 1e6} MB`);
    return undefined;
  }
  const depth = flowDepth(text);
  if (depth > limits.yamlDepth) {
    problems.error(start, `Lists and maps are nested more than ${limits.yamlDepth} deep`);
    return undefined;
  }
  const lines = new LineCounter();
  let document: Document.Parsed;
  try {
    document = parseDocument(text, { lineCounter: lines, uniqueKeys: false, logLevel: 'silent', merge: false });
  } catch (error) {
    const deep = error instanceof RangeError;
    const reason = deep ? 'lists and maps are nested too deep' : (error as Error).message;
    problems.error(start, `The file cannot be read as YAML: ${reason}`);
    return undefined;
  }
  const place = (offset: number): SourcePosition => {
    const { line, col } = lines.linePos(offset);
    return { file, line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  if (document.errors.some((error) => error.message.includes('call stack'))) {
    problems.error(start, `Lists and maps are nested more than ${limits.yamlDepth} deep`);
    return undefined;
  }
  for (const error of document.errors) {
    problems.error(place(error.pos[0]), `Not valid YAML: ${error.message.split('\n')[0]!.replace(/ at line.*$/, '')}`);
  }
  if (document.errors.length > 0) return undefined;
  if (document.contents === null) {
    problems.error(start, 'The file is empty');
    return undefined;
  }
  return new Reader(place, problems).read(document.contents as YamlNode);
}

/** Deepest nesting of `[` and `{`, counted without parsing, so that the recursive YAML parser is never given more. */
function flowDepth(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (const character of text) {
    if (character === '[' || character === '{') deepest = Math.max(deepest, ++depth);
    else if (character === ']' || character === '}') depth = Math.max(0, depth - 1);
    else if (character === '\n' && depth > limits.yamlDepth * 4) return depth;
  }
  return deepest > limits.yamlDepth * 4 ? deepest : 0;
}

const booleanWord = /^(?:yes|Yes|YES|no|No|NO|on|On|ON|off|Off|OFF)$/;

class Reader {
  readonly #place: (offset: number) => SourcePosition;
  readonly #problems: Problems;
  readonly #anchors = new Map<string, Node>();
  /** Nodes below each container once every alias is followed. */
  readonly #sizes = new Map<Node, number>();
  #depth = 0;
  #tooBig = false;

  constructor(place: (offset: number) => SourcePosition, problems: Problems) {
    this.#place = place;
    this.#problems = problems;
  }

  read(root: YamlNode): Node | undefined {
    const node = this.#node(root);
    return this.#tooBig ? undefined : node;
  }

  #node(yaml: YamlNode | null): Node {
    const at = this.#place(yaml?.range?.[0] ?? 0);
    if (yaml === null) return { kind: 'scalar', value: null, at };
    if (isAlias(yaml)) {
      const target = this.#anchors.get(yaml.source);
      if (!target) this.#problems.error(at, `There is no anchor "&${yaml.source}" before this alias`);
      return target ?? { kind: 'scalar', value: null, at };
    }
    this.#depth += 1;
    const node = this.#inner(yaml, at);
    this.#depth -= 1;
    const anchor = (yaml as { anchor?: string }).anchor;
    if (anchor) this.#anchors.set(anchor, node);
    return node;
  }

  #inner(yaml: YamlNode, at: SourcePosition): Node {
    if (this.#depth > limits.yamlDepth) {
      this.#refuse(at, `Lists and maps are nested more than ${limits.yamlDepth} deep`);
      return { kind: 'scalar', value: null, at };
    }
    if (isMap(yaml)) return this.#measured(this.#map(yaml.items as { key: unknown; value: unknown }[], at));
    if (isSeq(yaml)) {
      const items = yaml.items.map((item) => this.#node(item as YamlNode | null));
      return this.#measured({ kind: 'list', items, at } satisfies List);
    }
    if (!isScalar(yaml)) return { kind: 'scalar', value: null, at };
    return scalarNode(yaml, at);
  }

  #map(items: { key: unknown; value: unknown }[], at: SourcePosition): Dict {
    const entries = new Map<string, Entry>();
    const merged: Node[] = [];
    for (const { key, value } of items) {
      const keyNode = this.#node(key as YamlNode | null);
      const valueNode = value === null || value === undefined ? nullAt(keyNode.at) : this.#node(value as YamlNode);
      if (keyNode.kind !== 'scalar') {
        this.#problems.error(keyNode.at, 'A key must be a word, not a list or a map');
        continue;
      }
      const name = keyNode.plain ?? (keyNode.value === null ? '' : String(keyNode.value));
      if (name === '<<' && keyNode.plain !== undefined) {
        merged.push(...(valueNode.kind === 'list' ? valueNode.items : [valueNode]));
        continue;
      }
      if (entries.has(name)) {
        this.#problems.warning(keyNode.at, `"${name}" is given twice here; the last one counts`);
      }
      entries.set(name, { keyAt: keyNode.at, value: valueNode });
    }
    for (const source of merged) {
      if (source.kind !== 'map') {
        this.#problems.error(source.at, 'Only a map can be merged with "<<:"');
        continue;
      }
      for (const [name, entry] of source.entries) if (!entries.has(name)) entries.set(name, entry);
    }
    return { kind: 'map', entries, at };
  }

  #measured<T extends List | Dict>(node: T): T {
    const children = node.kind === 'list' ? node.items : [...node.entries.values()].map((entry) => entry.value);
    const size = children.reduce((sum, one) => sum + (this.#sizes.get(one) ?? 1), 1);
    this.#sizes.set(node, size);
    if (size > limits.yamlNodes) {
      this.#refuse(node.at, `With its aliases followed this holds more than ${limits.yamlNodes} values`);
    }
    return node;
  }

  #refuse(at: SourcePosition, message: string): void {
    if (!this.#tooBig) this.#problems.error(at, message);
    this.#tooBig = true;
  }
}

function nullAt(at: SourcePosition): Scalar {
  return { kind: 'scalar', value: null, at };
}

function scalarNode(yaml: { value: unknown; type?: string; source?: string }, at: SourcePosition): Scalar {
  const plain = yaml.type === 'PLAIN' || yaml.type === undefined ? (yaml.source ?? undefined) : undefined;
  const block = yaml.type === 'BLOCK_LITERAL' || yaml.type === 'BLOCK_FOLDED' ? true : undefined;
  const { value } = yaml;
  if (typeof value === 'bigint') return { kind: 'scalar', value: String(value), at, plain };
  // CircleCI reads YAML 1.1, where these words without quotes are booleans.
  if (typeof value === 'string' && plain !== undefined && booleanWord.test(plain)) {
    return { kind: 'scalar', value: /^(?:yes|on)$/i.test(plain), at, plain };
  }
  if (value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
    return { kind: 'scalar', value, at, plain, block };
  }
  return { kind: 'scalar', value: String(value), at, plain };
}
