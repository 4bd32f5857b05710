import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A tiny image with a POSIX shell and no bash, made on this machine without a registry. */
export const busyboxImage = 'millrace-test-busybox:1';

/** Whether a container engine answers here. */
export function hasDocker(): boolean {
  try {
    execFileSync('docker', ['version'], { stdio: 'ignore', timeout: 5000 });
    return true;
  } catch {
    return false;
  }
}

/** Makes the image from Debian's busybox-static, once; in the engine at `host` when it is not the machine's own. */
export async function ensureBusyboxImage(host?: string): Promise<void> {
  const engine = host === undefined ? [] : ['--host', host];
  const present =
    execFileSync('docker', [...engine, 'images', '-q', busyboxImage])
      .toString()
      .trim() !== '';
  if (present) return;
  const root = await mkdtemp(join(tmpdir(), 'millrace-busybox-'));
  try {
    await chmod(root, 0o755);
    for (const directory of ['bin', 'etc', 'root', 'tmp', 'proc', 'sys', 'dev', 'home/ada', 'var', 'usr/bin']) {
      await mkdir(join(root, directory), { recursive: true });
    }
    await chmod(join(root, 'tmp'), 0o1777);
    execFileSync('chown', ['1000:1000', join(root, 'home/ada')]);
    await copyFile(await busyboxBinary(root), join(root, 'bin/busybox'));
    await chmod(join(root, 'bin/busybox'), 0o755);
    const applets = execFileSync(join(root, 'bin/busybox'), ['--list']).toString().trim().split('\n');
    for (const applet of applets) if (applet !== 'busybox') await symlink('busybox', join(root, 'bin', applet));
    await writeFile(join(root, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\nada:x:1000:1000:Ada:/home/ada:/bin/sh\n');
    await writeFile(join(root, 'etc/group'), 'root:x:0:\nada:x:1000:\n');
    const tar = execFileSync('tar', ['-c', '-C', root, '--exclude=./download', '.'], { maxBuffer: 64 * 1024 * 1024 });
    const changes = ['--change', 'CMD ["/bin/sh"]', '--change', 'ENV PATH=/bin'];
    execFileSync('docker', [...engine, 'import', ...changes, '-', busyboxImage], { input: tar });
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

async function busyboxBinary(root: string): Promise<string> {
  for (const path of ['/bin/busybox', '/usr/bin/busybox']) if (existsSync(path)) return path;
  const directory = join(root, 'download');
  await mkdir(directory);
  execFileSync('apt-get', ['download', 'busybox-static'], { cwd: directory, stdio: 'ignore' });
  execFileSync('sh', ['-c', 'dpkg -x busybox-static*.deb .'], { cwd: directory });
  return join(directory, 'bin/busybox');
}
