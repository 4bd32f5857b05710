import { spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { extract, type Header } from 'tar-stream';
import { Fault } from '../../kernel/faults.ts';

/** A tar stream of a directory's content, names relative to it, all of it owned by `owner`. */
export function packDirectory(directory: string, owner: { uid: number; gid: number }): Readable {
  const child = spawn(
    'tar',
    ['-c', '-f', '-', `--owner=${owner.uid}`, `--group=${owner.gid}`, '--numeric-owner', '-C', directory, '.'],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let complaint = '';
  child.stderr.on('data', (chunk: Buffer) => {
    if (complaint.length < 2000) complaint += chunk.toString();
  });
  child.once('error', (error) => child.stdout.destroy(error));
  child.once('close', (code) => {
    if (code === 0) return;
    child.stdout.destroy(new Fault('unprocessable', `tar failed: ${complaint.trim()}`, { code: 'pipelines.tar' }));
  });
  return child.stdout;
}

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
