/** Exit codes of every command: 0 done, 1 a problem was found or the thing failed, 2 used wrongly. */
export const exitCodes = { ok: 0, failed: 1, usage: 2 } as const;
