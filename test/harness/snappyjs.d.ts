declare module 'snappyjs' {
  /** Throws for broken input, and when the result would be longer than `mostBytes`. */
  export function uncompress(compressed: Buffer, mostBytes?: number): Buffer;
  export function compress(plain: Buffer): Buffer;
}
