import { open, stat, truncate } from 'node:fs/promises';
import { StringDecoder } from 'node:string_decoder';
import { setTimeout as sleep } from 'node:timers/promises';

/** A file of output is emptied once it is read and larger than this. */
const emptyAboveBytes = 32 * 1024 * 1024;
const longestLine = 64 * 1024;

/**
 * Reads a file that a program appends to, line by line, until `ended` resolves and the rest is read.
 * Long lines are cut into pieces; a last line without an end is given when the program has ended.
 */
export async function tailLines(path: string, ended: Promise<unknown>, onLine: (line: string) => void): Promise<void> {
  let over = false;
  const end = ended.then(() => {
    over = true;
  });
  const decoder = new StringDecoder('utf8');
  let rest = '';
  const take = (text: string): void => {
    const lines = (rest + text).split('\n');
    rest = lines.pop()!;
    for (const line of lines) onLine(line.endsWith('\r') ? line.slice(0, -1) : line);
    while (rest.length > longestLine) {
      onLine(rest.slice(0, longestLine));
      rest = rest.slice(longestLine);
    }
  };
  const file = await open(path, 'r');
  try {
    const buffer = Buffer.alloc(64 * 1024);
    let position = 0;
    for (;;) {
      const last = over;
      for (;;) {
        const { bytesRead } = await file.read(buffer, 0, buffer.length, position);
        if (bytesRead === 0) break;
        position += bytesRead;
        take(decoder.write(buffer.subarray(0, bytesRead)));
      }
      if (last) break;
      // Opened for appending by the program, so its next line begins at the new end.
      if (position > emptyAboveBytes && (await stat(path)).size === position) {
        await truncate(path, 0);
        position = 0;
      }
      await Promise.race([end, sleep(100)]);
    }
    take(decoder.end());
    if (rest !== '') onLine(rest);
  } finally {
    await file.close();
  }
}
