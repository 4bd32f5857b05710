/**
 * Exit codes of every command. 0: done. 1: a problem was found, or what was asked for failed; a file or a thing that is not there counts
 * here. 2: the command line or a setting is wrong, and nothing was tried.
 */
export const exitCodes = { ok: 0, failed: 1, usage: 2 } as const;
