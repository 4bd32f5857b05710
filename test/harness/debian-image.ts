import { execFileSync } from 'node:child_process';
import { realpathSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';

const read = (program: string, ...argv: string[]): string =>
  execFileSync(program, argv, { maxBuffer: 256 * 1024 * 1024, stdio: ['ignore', 'pipe', 'ignore'] }).toString();
/** A field of dpkg-query's format. */
const field = (name: string): string => `$\{${name}}`;
const linesOf = (text: string): string[] => text.split('\n').filter((line) => line !== '');

/** Whether this machine is a Debian that has all these packages. */
export function hasPackages(packages: readonly string[]): boolean {
  try {
    return linesOf(read('dpkg-query', '-W', '-f', `${field('Status')}\n`, ...packages)).every((line) =>
      line.endsWith(' installed'),
    );
  } catch {
    return false;
  }
}

/**
 * Makes an image of Debian packages as they are installed on this machine, with all they depend on: no mirror and no registry is asked, so it
 * takes seconds. It holds no list of package sources; asked to install what it has, `apt-get` finds that there. Kept by its tag.
 */
export async function ensureDebianImage(tag: string, packages: readonly string[]): Promise<void> {
  if (read('docker', 'images', '-q', tag).trim() !== '') return;
  const kinds = ['recommends', 'suggests', 'conflicts', 'breaks', 'replaces', 'enhances'].map((kind) => `--no-${kind}`);
  const essential = linesOf(read('dpkg-query', '-W', '-f', `${field('Package')} ${field('Essential')}\n`))
    .filter((line) => line.endsWith(' yes'))
    .map((line) => line.split(' ')[0]!);
  const reached = read('apt-cache', 'depends', '--recurse', '--installed', ...kinds, 'apt', ...essential, ...packages);
  const installed = new Set(linesOf(read('dpkg-query', '-W', '-f', `${field('Package')}\n`)));
  const wanted = [...new Set(linesOf(reached).filter((line) => installed.has(line)))];
  const owned = linesOf(read('dpkg-query', '-L', ...wanted)).filter(
    (path) => path.startsWith('/') && !/^\/usr\/share\/(?:doc|man|locale)\//.test(path),
  );
  const directory = await mkdtemp(join(tmpdir(), 'millrace-debian-'));
  try {
    const list = join(directory, 'files');
    const links = linesOf(read('find', '/etc/alternatives'));
    const own = [
      '/bin',
      '/sbin',
      '/lib',
      '/lib64',
      '/etc/passwd',
      '/etc/group',
      '/etc/ld.so.cache',
      '/var/lib/dpkg/status',
    ];
    const paths = new Set([...own, ...links, ...owned].flatMap(placeOf));
    await writeFile(list, [...paths].map((path) => `.${path}\n`).join(''));
    const script = 'tar -c -C / --no-recursion -T "$1" | docker import --change "$2" - "$3"';
    execFileSync('sh', ['-c', script, 'sh', list, 'CMD ["bash"]', tag], { stdio: ['ignore', 'ignore', 'pipe'] });
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** A path with links among its directories followed, as on a Debian whose /bin is a link to /usr/bin; none when it is not there. */
function placeOf(path: string): string[] {
  try {
    return [join(realpathSync(dirname(path)), basename(path))];
  } catch {
    return [];
  }
}
