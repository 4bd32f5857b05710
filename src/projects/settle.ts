/** One ref moved, as git told a hook. Null stands for "there is none". */
export interface Move {
  ref: string;
  before: string | null;
  after: string | null;
}

/** A move that a push left a receipt of. */
export interface ReceiptMove extends Move {
  /** Id of this move, given out when the push began; its run's address was printed already. */
  pushId: string;
  runId: string;
  /** Unix milliseconds. */
  at: number;
  pusher: { personId: string | null; name: string };
}

/** What to tell the log: a move with a receipt, or one that nobody left a receipt of. */
export type Told = { move: ReceiptMove; receipt: true } | { move: Move; receipt: false };

/**
 * Which moves of one ref to tell now, in order, given where it stood when last told (`tip`).
 *
 * Receipts form a chain: each begins where the one before ended. The chain is followed as far as it goes; a receipt that
 * does not join on yet waits, since the one before it is still being written. With `force` (nothing is being written any
 * more: git was killed between moving the ref and its hook) the gaps are told as moves of their own, up to `actual`.
 */
export function settleRef(
  ref: string,
  tip: string | null,
  receipts: readonly ReceiptMove[],
  force: { actual: string | null } | undefined,
): { told: Told[]; tip: string | null } {
  const waiting = [...receipts].sort((a, b) => a.at - b.at || (a.pushId < b.pushId ? -1 : 1));
  const told: Told[] = [];
  let at = tip;
  for (;;) {
    let next = waiting.findIndex((receipt) => receipt.before === at);
    if (next < 0 && force && waiting.length > 0) {
      next = 0;
      told.push({ move: { ref, before: at, after: waiting[0]!.before }, receipt: false });
    }
    if (next < 0) break;
    const [move] = waiting.splice(next, 1);
    told.push({ move: move!, receipt: true });
    at = move!.after;
  }
  if (force && at !== force.actual) {
    told.push({ move: { ref, before: at, after: force.actual }, receipt: false });
    at = force.actual;
  }
  return { told, tip: at };
}

/** The id of the n-th ref of a push: ids are given out before the refs are known, the last four digits count. */
export function numberedId(base: string, index: number): string {
  return base.slice(0, -4) + index.toString(16).padStart(4, '0');
}

/** Refs of one push beyond this get no run of their own address. */
export const mostNumbered = 0x10000;
