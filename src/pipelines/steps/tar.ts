import { pipeline } from 'node:stream/promises';
import { extract, type Header } from 'tar-stream';

/** Calls `visit` for each entry of an archive, one after another; what a visit does not read is passed over. */
export async function eachEntry(
  tar: NodeJS.ReadableStream,
  visit: (header: Header, content: AsyncIterable<Uint8Array>) => Promise<void>,
): Promise<void> {
  const entries = extract();
  const visiting = (async () => {
    for await (const entry of entries) {
      await visit(entry.header, entry as AsyncIterable<Uint8Array>);
      entry.resume();
    }
  })();
  await Promise.all([pipeline(tar, entries), visiting]);
}
