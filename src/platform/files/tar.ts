import { type ChildProcess, spawn } from 'node:child_process';
import { PassThrough, type Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { Fault } from '../../kernel/faults.ts';

/**
 * An archive of `names` (relative to `directory`), by the system's tar. The stream fails when tar does, so an archive
 * that was cut short never looks whole. The same files make the same archive. With `owner`, everything in it belongs to that user.
 */
export function packTar(
  directory: string,
  names: readonly string[],
  owner?: { uid: number; gid: number } | undefined,
): Readable {
  const belongs = owner ? [`--owner=${owner.uid}`, `--group=${owner.gid}`, '--numeric-owner'] : [];
  const child = spawn('tar', ['-c', '--sort=name', '-f', '-', ...belongs, '-C', directory, '--', ...names], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  // Read from the first moment on: Node throws away what a child printed that ended before anybody listened.
  const archive = new PassThrough();
  child.stdout.pipe(archive, { end: false });
  archive.once('close', () => child.kill('SIGKILL'));
  ended(child, 'pack').then(
    () => archive.end(),
    (error: Error) => archive.destroy(error),
  );
  return archive;
}

/**
 * Unpacks an archive into a directory that exists; everything belongs to this process's user. A file is read by tar itself: on a busy
 * machine, every piece that goes through this process waits for its turn.
 */
export async function unpackTar(directory: string, archive: NodeJS.ReadableStream | { file: string }): Promise<void> {
  if ('file' in archive) {
    const argv = ['-x', '--no-same-owner', '-f', archive.file, '-C', directory];
    return ended(spawn('tar', argv, { stdio: ['ignore', 'ignore', 'pipe'] }), 'unpack');
  }
  const child = spawn('tar', ['-x', '--no-same-owner', '-f', '-', '-C', directory], {
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  const end = ended(child, 'unpack');
  end.catch(() => {});
  const sent = finished(archive, { writable: false });
  sent.catch(() => {});
  let broken: Error | undefined;
  const fail = (error: Error): void => {
    broken ??= error;
    child.kill('SIGKILL');
  };
  let whole = false;
  archive.once('end', () => {
    whole = true;
  });
  archive.once('error', fail);
  archive.once('close', () => {
    if (!whole && child.stdin.writable) fail(new Error('The archive ended early'));
  });
  // tar stops reading at the end mark; what is behind it is padding, and nobody takes it. Its exit status tells the truth.
  child.stdin.once('error', () => archive.resume());
  archive.pipe(child.stdin);
  await end.catch((error: unknown) => {
    throw broken ?? error;
  });
  // The end mark may come before the sender finds out that it failed: only a stream that ended well was whole.
  archive.resume();
  await sent;
}

/** tar's exit status 1 while packing means that a file changed as it was read. */
function ended(child: ChildProcess, what: 'pack' | 'unpack'): Promise<void> {
  let complaint = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    if (complaint.length < 2000) complaint += chunk.toString();
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0 || (what === 'pack' && code === 1)) resolve();
      else reject(new Fault('unprocessable', `tar could not ${what}: ${complaint.trim()}`, { code: 'platform.tar' }));
    });
  });
}
