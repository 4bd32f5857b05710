import { execFileSync } from 'node:child_process';
import { chmod, copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** A small image with the Node of this machine and nothing else, made without a registry. */
export const nodeImage = `millrace-test-node:${process.versions.node}`;

/** Makes the image from this machine's `node` and the libraries it needs, once. */
export async function ensureNodeImage(): Promise<void> {
  if (execFileSync('docker', ['images', '-q', nodeImage]).toString().trim() !== '') return;
  const root = await mkdtemp(join(tmpdir(), 'millrace-node-image-'));
  try {
    await chmod(root, 0o755);
    const linked = execFileSync('ldd', [process.execPath]).toString();
    const libraries = [...linked.matchAll(/(\/\S+) \(0x/g)].map((match) => match[1]!);
    await mkdir(join(root, 'tmp'), { mode: 0o1777 });
    for (const [from, to] of [
      [process.execPath, '/usr/bin/node'] as const,
      ...libraries.map((path) => [path, path] as const),
    ]) {
      await mkdir(dirname(join(root, to)), { recursive: true });
      await copyFile(from, join(root, to));
      await chmod(join(root, to), 0o755);
    }
    const changes = ['--change', 'ENV PATH=/usr/bin', '--change', 'CMD ["node"]'];
    execFileSync('sh', [
      '-c',
      'tar -c -C "$1" . | docker import "$2" "$3" "$4" "$5" - "$6"',
      'sh',
      root,
      ...changes,
      nodeImage,
    ]);
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}
