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
import type { Node, Scalar } from './node.ts';
import { Problems } from './problems.ts';
import { NodeBuilder, type Pair, plainScalar } from './yaml/builder.ts';
import { quickRead } from './yaml/quick.ts';

/**
 * The file as nodes with places. Returns undefined when the file is not YAML at all; every problem is reported. Plain files go the quick
 * way; both ways come to the same.
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
  const found = new Problems();
  const quick = new NodeBuilder(found);
  const node = quickRead(file, text, quick);
  if (!node) return readWhole(file, text, problems);
  problems.adopt(found);
  return quick.refused ? undefined : node;
}

/** Reads everything YAML has, and says what is wrong. */
export function readWhole(file: string, text: string, problems: Problems): Node | undefined {
  const start = { file, line: 1, column: 1 };
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
  return new Reader(place, new NodeBuilder(problems)).read(document.contents as YamlNode);
}

/** Deepest nesting of `[` and `{`, counted without parsing, so that the recursive YAML parser is never given more. */
function flowDepth(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code === 0x5b || code === 0x7b) {
      depth += 1;
      if (depth > deepest) deepest = depth;
    } else if ((code === 0x5d || code === 0x7d) && depth > 0) depth -= 1;
  }
  return deepest > limits.yamlDepth * 4 ? deepest : 0;
}

/** Makes nodes of the library's own. */
class Reader {
  readonly #place: (offset: number) => SourcePosition;
  readonly #builder: NodeBuilder;
  #depth = 0;

  constructor(place: (offset: number) => SourcePosition, builder: NodeBuilder) {
    this.#place = place;
    this.#builder = builder;
  }

  read(root: YamlNode): Node | undefined {
    const node = this.#node(root);
    return this.#builder.refused ? undefined : node;
  }

  #node(yaml: YamlNode | null): Node {
    const at = this.#place(yaml?.range?.[0] ?? 0);
    if (yaml === null) return nullAt(at);
    if (isAlias(yaml)) return this.#builder.alias(yaml.source, at);
    this.#depth += 1;
    const node = this.#inner(yaml, at);
    this.#depth -= 1;
    const anchor = (yaml as { anchor?: string }).anchor;
    if (anchor) this.#builder.anchor(anchor, node);
    return node;
  }

  #inner(yaml: YamlNode, at: SourcePosition): Node {
    if (this.#depth > limits.yamlDepth) {
      this.#builder.refuse(at, `Lists and maps are nested more than ${limits.yamlDepth} deep`);
      return nullAt(at);
    }
    if (isMap(yaml))
      return this.#builder.map(
        yaml.items.map((pair) => this.#pair(pair)),
        at,
      );
    if (isSeq(yaml)) {
      return this.#builder.list(
        yaml.items.map((item) => this.#node(item as YamlNode | null)),
        at,
      );
    }
    return isScalar(yaml) ? scalarNode(yaml, at) : nullAt(at);
  }

  #pair(pair: { key: unknown; value: unknown }): Pair {
    const key = this.#node(pair.key as YamlNode | null);
    const empty = pair.value === null || pair.value === undefined;
    return { key, value: empty ? nullAt(key.at) : this.#node(pair.value as YamlNode) };
  }
}

function nullAt(at: SourcePosition): Scalar {
  return { kind: 'scalar', value: null, at };
}

function scalarNode(yaml: { value: unknown; type?: string; source?: string }, at: SourcePosition): Scalar {
  const { value } = yaml;
  const known = value === null || ['string', 'number', 'boolean'].includes(typeof value);
  const plainValue = (known ? value : String(value)) as Scalar['value'];
  if ((yaml.type === 'PLAIN' || yaml.type === undefined) && yaml.source !== undefined) {
    return plainScalar(plainValue, yaml.source, at);
  }
  const block = yaml.type === 'BLOCK_LITERAL' || yaml.type === 'BLOCK_FOLDED' ? true : undefined;
  return { kind: 'scalar', value: plainValue, at, plain: undefined, block };
}
