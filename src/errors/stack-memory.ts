import type { JsonObject } from './lenient.ts';
import type { ReportedFrame } from './report.ts';

/** What a frame is told apart by. Its variables and the lines around it are read of kept events only. */
const fields = [
  'filename',
  'function',
  'lineno',
  'module',
  'abs_path',
  'context_line',
  'in_app',
  'colno',
  'package',
  'platform',
] as const;

interface KnownFrame {
  id: number;
  frame: ReportedFrame;
  raw: unknown[];
  eventPlatform: string;
  mapped: unknown;
}

/** Text held at a time (UTF-16 units), and frames. Longer texts than `longest` are read anew each time. */
const heldText = 8 * 1024 * 1024;
const heldFrames = 20_000;
const longest = 1024;

/**
 * The same calls come in event after event. Frames and stacks read before are given out again, the very same objects, so that
 * whatever was worked out for them can be remembered beside them. Forgets everything when it holds too much.
 */
export class StackMemory {
  #frames = new Map<string, KnownFrame>();
  #stacks = new Map<number, { ids: number[]; frames: ReportedFrame[] }>();
  #held = 0;
  #nextId = 1;

  /** A frame as `read` would give it, and its number; 0 for one that is not remembered. */
  frame(raw: JsonObject, eventPlatform: string, read: () => ReportedFrame): { id: number; frame: ReportedFrame } {
    const key = `${partOf(raw.lineno)} ${partOf(raw.function)} ${partOf(raw.filename)}`;
    const known = this.#frames.get(key);
    if (known && isSame(known, raw, eventPlatform)) return known;
    const frame = read();
    const values = fields.map((field) => raw[field]);
    let size = 0;
    for (const value of values) {
      if (typeof value === 'object' && value !== null) return { id: 0, frame };
      if (typeof value !== 'string') continue;
      if (value.length > longest) return { id: 0, frame };
      size += value.length;
    }
    this.#held += size;
    if (this.#held > heldText || this.#frames.size >= heldFrames) this.#forget(size);
    const made = { id: this.#nextId, frame, raw: values, eventPlatform, mapped: mappedOf(raw) };
    this.#nextId += 1;
    this.#frames.set(key, made);
    return made;
  }

  /** One and the same list for the same frames in the same order. */
  stack(known: { id: number; frame: ReportedFrame }[]): ReportedFrame[] {
    let hash = known.length;
    for (const { id } of known) {
      if (id === 0) return known.map((one) => one.frame);
      hash = (Math.imul(hash, 31) + id) | 0;
    }
    const found = this.#stacks.get(hash);
    if (found && found.ids.length === known.length && found.ids.every((id, at) => id === known[at]!.id)) {
      return found.frames;
    }
    const made = { ids: known.map((one) => one.id), frames: known.map((one) => one.frame) };
    if (this.#stacks.size >= heldFrames) this.#stacks.clear();
    this.#stacks.set(hash, made);
    return made.frames;
  }

  #forget(size: number): void {
    this.#frames.clear();
    this.#stacks.clear();
    this.#held = size;
  }
}

/** Whatever a client put in the place of a text makes no key; comparing decides. */
const partOf = (value: unknown): string | number =>
  typeof value === 'number' || (typeof value === 'string' && value.length <= longest) ? value : '';

function isSame(known: KnownFrame, raw: JsonObject, eventPlatform: string): boolean {
  for (let at = 0; at < fields.length; at += 1) {
    if (raw[fields[at]!] !== known.raw[at]) return false;
  }
  return known.eventPlatform === eventPlatform && known.mapped === mappedOf(raw);
}

/** Whether a client's own source map took part is all that is read of `data`. */
function mappedOf(raw: JsonObject): boolean {
  const { data } = raw;
  if (typeof data !== 'object' || data === null || Array.isArray(data)) return false;
  const { sourcemap } = data as JsonObject;
  return sourcemap !== undefined && sourcemap !== null;
}
