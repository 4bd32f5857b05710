import { createHash } from 'node:crypto';
import { newId } from '../../src/kernel/ids.ts';

/** What chance decides in a test that kills at random moments. */
export interface Seed {
  /** MILLRACE_TEST_SEED gives the same again. */
  text: string;
  /** The n-th random number of this seed, from 0 to 1. */
  random(n: number): number;
}

export function openSeed(): Seed {
  const text = process.env.MILLRACE_TEST_SEED ?? newId();
  return {
    text,
    random: (n) => createHash('sha256').update(`${text} ${n}`).digest().readUInt32BE() / 2 ** 32,
  };
}
