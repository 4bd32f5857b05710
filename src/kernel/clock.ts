/** The only way pure code and use cases learn the time, so that tests can hold it still. */
export interface Clock {
  /** Unix time in milliseconds. */
  now(): number;
}

export const systemClock: Clock = { now: () => Date.now() };
