import { readFile } from 'node:fs/promises';

/** Processor seconds of a process so far, and the most memory it held, in MB. */
export async function burden(pid: number): Promise<{ seconds: number; mb: number }> {
  const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ')[1]!.split(' ');
  const most = /VmHWM:\s+(\d+)/.exec(await readFile(`/proc/${pid}/status`, 'utf8'));
  return { seconds: (Number(fields[11]) + Number(fields[12])) / 100, mb: Number(most?.[1]) / 1024 };
}

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
