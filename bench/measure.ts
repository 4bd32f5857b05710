/** Milliseconds of the middle one of five runs. */
export async function medianMs(question: () => Promise<unknown>): Promise<number> {
  const taken: number[] = [];
  for (let round = 0; round < 5; round += 1) {
    const started = performance.now();
    await question();
    taken.push(performance.now() - started);
  }
  return taken.sort((a, b) => a - b)[2]!;
}

let state = 2463534242;

/** A number from 0 to below `below` that looks random and is the same in each run of the program (xorshift). */
export function random(below: number): number {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return (state >>> 0) % below;
}

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
