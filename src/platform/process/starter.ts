import { accessSync, constants, statSync } from 'node:fs';
import { resolve } from 'node:path';

/**
 * Tells the watch its own process group over descriptor 3, lets go of it, and only then becomes the program. A watch that was
 * killed a moment ago is no reason to fail: its successor is told by the launcher.
 */
const script = `trap '' PIPE; echo "+ $$" 2>/dev/null >&3; trap - PIPE; exec 3>&- "$@"`;

/** Names of variables that a POSIX shell hands on to what it becomes; it drops others. */
const plainName = /^[A-Za-z_][A-Za-z0-9_]*$/;

/**
 * The command line that becomes `argv` once the watch knows of it. Descriptor 3 must be the watch's pipe. However the
 * launcher dies meanwhile: the watch hears of its end only when this too has let go of the pipe, and so after it has heard of this.
 */
export function starterArgv(argv: readonly string[], env: Record<string, string>): string[] {
  const dropped = Object.entries(env).flatMap(([name, value]) => (plainName.test(name) ? [] : [`${name}=${value}`]));
  const words = dropped.length === 0 ? argv : ['/usr/bin/env', ...dropped, ...argv];
  return ['/bin/sh', '-c', script, 'millrace-starter', ...words];
}

/** Throws what starting `program` itself would have thrown (`ENOENT`, `EACCES`), as a starter could only say it by its exit status. */
export function requireProgram(program: string, cwd: string, path = '/bin:/usr/bin'): void {
  const candidates = program.includes('/')
    ? [resolve(cwd, program)]
    : path.split(':').map((directory) => resolve(cwd, directory, program));
  let denied: unknown;
  for (const candidate of candidates) {
    try {
      if (!statSync(candidate).isFile()) continue;
      accessSync(candidate, constants.X_OK);
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EACCES') denied = error;
    }
  }
  throw denied ?? Object.assign(new Error(`there is no program "${program}"`), { code: 'ENOENT' });
}
