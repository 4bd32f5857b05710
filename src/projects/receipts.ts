import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { isId } from '../kernel/ids.ts';
import { parseMoves } from '../platform/git/output.ts';
import { mostNumbered, numberedId, type ReceiptMove } from './settle.ts';

const header = z.object({
  runId: z.uuid(),
  pusher: z.object({ personId: z.uuid().nullable(), name: z.string() }),
});

/** What one push did, as its hook wrote it down. */
export interface Receipt {
  path: string;
  moves: ReceiptMove[];
}

/** Reads the text of a receipt; undefined when it makes no sense. */
export function parseReceipt(pushId: string, text: string, at: number): ReceiptMove[] | undefined {
  const end = text.indexOf('\n');
  let parsed: unknown;
  try {
    parsed = JSON.parse(text.slice(0, Math.max(0, end)));
  } catch {
    return undefined;
  }
  const known = header.safeParse(parsed);
  if (!known.success) return undefined;
  const { runId, pusher } = known.data;
  return parseMoves(text.slice(end + 1))
    .slice(0, mostNumbered)
    .map((move, index) => ({
      ...move,
      at,
      pusher,
      pushId: numberedId(pushId, index),
      runId: numberedId(runId, index),
    }));
}

/** All receipts of a project that were not thrown away yet. */
export async function readReceipts(directory: string): Promise<Receipt[]> {
  const names = await readdir(directory).catch(() => []);
  const receipts: Receipt[] = [];
  for (const name of names.filter(isId)) {
    const path = join(directory, name);
    try {
      const moves = parseReceipt(name, await readFile(path, 'utf8'), (await stat(path)).mtimeMs);
      if (moves) receipts.push({ path, moves });
    } catch {
      // Another server settled it between listing and reading.
    }
  }
  return receipts;
}

export async function throwAway(receipts: readonly Receipt[]): Promise<void> {
  for (const receipt of receipts) await rm(receipt.path, { force: true });
}
