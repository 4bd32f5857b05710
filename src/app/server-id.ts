import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isId, newId } from '../kernel/ids.ts';

/**
 * The name under which this server holds leases. It belongs to the data directory, so a server that was killed finds its
 * own work again at once, and two servers on one database never take each other's.
 */
export async function readServerId(dataDir: string): Promise<string> {
  const path = join(dataDir, 'server-id');
  const known = (await readFile(path, 'utf8').catch(() => '')).trim();
  if (isId(known)) return known;
  const id = newId();
  await writeFile(path, `${id}\n`);
  return id;
}
