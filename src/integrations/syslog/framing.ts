import { limits } from './limits.ts';

const newline = 10;
const nul = 0;

/**
 * Cuts a TCP stream into messages (RFC 6587): with their length before them, or each on a line of its own; a sender may even mix both.
 * Memory is bounded by the longest message; what is longer is cut, and its rest skipped.
 */
export class SyslogFrames {
  #held: Buffer = Buffer.alloc(0);
  /** Bytes of a message that is too long, still to be skipped; Infinity up to the next line. */
  #skip = 0;
  /** How many messages were cut. */
  cut = 0;

  /** The messages that became whole with these bytes. */
  push(bytes: Buffer): string[] {
    const messages: string[] = [];
    let rest = this.#held.length === 0 ? bytes : Buffer.concat([this.#held, bytes]);
    while (rest.length > 0) {
      const after = this.#skip > 0 ? this.#skipIn(rest) : this.#oneFrom(rest, messages);
      if (after === undefined) break;
      rest = rest.subarray(after);
    }
    // A copy, so that a small rest does not hold a large piece.
    this.#held = Buffer.from(rest);
    return messages;
  }

  /** The stream ended: a last line without its end is a message too. */
  end(): string[] {
    const rest = this.#skip > 0 ? '' : this.#held.toString('utf8');
    this.#held = Buffer.alloc(0);
    return rest.trim() === '' ? [] : [rest];
  }

  #skipIn(rest: Buffer): number {
    if (this.#skip !== Number.POSITIVE_INFINITY) {
      const skipped = Math.min(this.#skip, rest.length);
      this.#skip -= skipped;
      return skipped;
    }
    const end = endOfLine(rest);
    if (end === -1) return rest.length;
    this.#skip = 0;
    return end + 1;
  }

  /** Bytes taken, or undefined when more must come first. */
  #oneFrom(rest: Buffer, messages: string[]): number | undefined {
    const counted = /^([1-9]\d{0,8}) /.exec(rest.toString('latin1', 0, 11));
    if (counted) {
      const from = counted[0].length;
      const length = Number(counted[1]);
      const wanted = Math.min(length, limits.messageBytes);
      if (rest.length < from + wanted) return undefined;
      messages.push(rest.toString('utf8', from, from + wanted));
      this.#skip = length - wanted;
      if (this.#skip > 0) this.cut += 1;
      return from + wanted;
    }
    if (/^[1-9]\d{0,8}$/.test(rest.toString('latin1', 0, 10))) return undefined;
    const end = endOfLine(rest);
    if (end === -1 && rest.length <= limits.messageBytes) return undefined;
    const to = end === -1 ? limits.messageBytes : Math.min(end, limits.messageBytes);
    if (to > 0) messages.push(rest.toString('utf8', 0, to));
    if (end === -1) this.#skip = Number.POSITIVE_INFINITY;
    if (end === -1 || end > to) this.cut += 1;
    return end === -1 ? to : end + 1;
  }
}

function endOfLine(bytes: Buffer): number {
  const line = bytes.indexOf(newline);
  const zero = bytes.indexOf(nul);
  if (line === -1 || zero === -1) return Math.max(line, zero);
  return Math.min(line, zero);
}
