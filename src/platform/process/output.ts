import { open } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Reads a file that another process appends to, from byte `from` on, until `ended` resolves and the rest is read.
 * Looks every 50 ms. Resolves to the number of bytes seen.
 */
export async function followFile(
  path: string,
  from: number,
  ended: Promise<unknown>,
  onChunk: (chunk: Buffer, total: number) => void,
): Promise<number> {
  let over = false;
  const end = ended.then(() => {
    over = true;
  });
  const file = await open(path, 'r');
  try {
    const buffer = Buffer.alloc(64 * 1024);
    let position = from;
    for (;;) {
      const last = over;
      for (;;) {
        const { bytesRead } = await file.read(buffer, 0, buffer.length, position);
        if (bytesRead === 0) break;
        position += bytesRead;
        onChunk(Buffer.from(buffer.subarray(0, bytesRead)), position - from);
        // A program that writes faster than we read would hold us here for ever.
        if (over && !last) break;
      }
      if (last) return position - from;
      await Promise.race([end, sleep(50)]);
    }
  } finally {
    await file.close();
  }
}
