import type { SourcePosition } from '../../pipelines/port.ts';

/** Type of a parameter whose value is not known while a file is only being checked. */
export type UnknownType = 'string' | 'boolean' | 'integer' | 'enum' | 'executor' | 'steps' | 'env_var_name' | 'any';

export interface Scalar {
  kind: 'scalar';
  value: string | number | boolean | null;
  at: SourcePosition;
  /** Plain (unquoted) text, as written; `3.10` has the value 3.1. */
  plain?: string | undefined;
  /** A literal or folded block: its text starts on the next line. */
  block?: boolean | undefined;
  /** Stands for a value that only a trigger or a call will give; set while linting. */
  unknown?: UnknownType | undefined;
  /** A pipeline value: a number among these may be given where text is wanted. */
  builtin?: boolean | undefined;
  /** For arguments (steps, executors): where their names are looked up, which is where they were written. */
  home?: Library | undefined;
}

export interface List {
  kind: 'list';
  items: Node[];
  at: SourcePosition;
  home?: Library | undefined;
}

export interface Entry {
  keyAt: SourcePosition;
  value: Node;
}

export interface Dict {
  kind: 'map';
  entries: Map<string, Entry>;
  at: SourcePosition;
  home?: Library | undefined;
}

/** A YAML value with the place it was written at; aliases and merge keys are already followed. */
export type Node = Scalar | List | Dict;

export type Section = 'commands' | 'jobs' | 'executors' | 'job-groups';

/** What one file or orb defines. Names are looked up where they are written, never where they are used. */
export interface Library {
  /** Empty for the pipeline file itself, else the orb's name there. */
  name: string;
  sections: Record<Section, Map<string, Entry>>;
  orbs: Map<string, Library | MissingOrb>;
  /** `pipeline.*` as this text may see it; orbs see nothing. */
  pipeline: ((name: string) => Node | undefined) | undefined;
  lenient: boolean;
}

/** An orb that is imported and whose text is not at hand. */
export interface MissingOrb {
  missing: string;
  at: SourcePosition;
  /** Why it could not be had, where that is known. */
  why: string | undefined;
  /** Reported already, or not to be reported: nothing that uses it is. */
  told?: boolean | undefined;
}

export function scalar(value: Scalar['value'], at: SourcePosition): Scalar {
  return { kind: 'scalar', value, at };
}

export function child(node: Node | undefined, key: string): Node | undefined {
  return node?.kind === 'map' ? node.entries.get(key)?.value : undefined;
}

export function isNull(node: Node | undefined): boolean {
  return node === undefined || (node.kind === 'scalar' && node.value === null && node.unknown === undefined);
}

export function isUnknown(node: Node | undefined): boolean {
  return node?.kind === 'scalar' && node.unknown !== undefined;
}

/** The text of a scalar; nothing for null. A whole number written with a point keeps one digit after it. */
export function textOf(node: Scalar): string {
  if (node.value === null) return '';
  return isPointed(node) ? (node.value as number).toFixed(1) : String(node.value);
}

/** A number such as 2.0. */
export function isPointed({ value, plain }: Scalar): boolean {
  return (
    typeof value === 'number' && Number.isInteger(value) && plain !== undefined && /^[-+]?\d{1,15}\.\d*$/.test(plain)
  );
}

/** What a node is, for messages: `a map`, `the number 3`, `"x"`. */
export function describe(node: Node): string {
  if (node.kind === 'map') return 'a map';
  if (node.kind === 'list') return 'a list';
  if (node.unknown) return `a value of type ${node.unknown}`;
  if (node.value === null) return 'empty';
  if (typeof node.value === 'number') return `the number ${node.plain ?? node.value}`;
  if (typeof node.value === 'boolean') return `the boolean ${node.value}`;
  return `"${node.value.length > 60 ? `${node.value.slice(0, 60)}...` : node.value}"`;
}

/** Plain JSON of a node; unknown values become null. */
export function toJson(node: Node): unknown {
  if (node.kind === 'scalar') return node.unknown ? null : node.value;
  if (node.kind === 'list') return node.items.map(toJson);
  return Object.fromEntries([...node.entries].map(([key, entry]) => [key, toJson(entry.value)]));
}
