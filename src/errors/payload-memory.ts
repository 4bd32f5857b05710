/** A payload that was held; undefined once its room was given to others. */
export type Held = () => Uint8Array | undefined;

/**
 * Holds the payloads that came last, in one piece of memory that is used in turn. Buffers of their own would outlive the collector's
 * quick rounds while they wait to be read, and make it do its long ones.
 */
export class PayloadMemory {
  readonly #bytes: number;
  /** Reserved at the first payload. */
  #room: Buffer | undefined;
  /** Bytes ever passed over, so that a place in the room is this modulo its size. */
  #passed = 0;

  /** `bytes` is the size of the room. */
  constructor(bytes: number) {
    this.#bytes = bytes;
  }

  /** Copies a payload. What is given out is a view that may change with the next `hold`, so it is read at once. */
  hold(payload: Uint8Array): Held {
    const { length } = payload;
    if (length > this.#bytes / 4) return () => undefined;
    this.#room ??= Buffer.allocUnsafeSlow(this.#bytes);
    const room = this.#room;
    // Never across the end.
    const at = this.#passed % this.#bytes;
    if (at + length > this.#bytes) this.#passed += this.#bytes - at;
    const begun = this.#passed;
    const place = begun % this.#bytes;
    room.set(payload, place);
    this.#passed += length;
    return () => (this.#passed - begun <= this.#bytes ? room.subarray(place, place + length) : undefined);
  }
}
