import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * A set of outside cases, or undefined where this machine has none. Looked for in the folder named by
 * MILLRACE_CONFORMANCE, then in `shared/conformance` beside the checkout or beside any folder above it.
 */
export function conformanceFolder(set: string): string | undefined {
  const named = process.env.MILLRACE_CONFORMANCE;
  if (named) return existsSync(join(named, set)) ? join(named, set) : undefined;
  let folder = dirname(fileURLToPath(import.meta.url));
  for (;;) {
    const candidate = join(folder, 'shared', 'conformance', set);
    if (existsSync(candidate)) return candidate;
    const above = dirname(folder);
    if (above === folder) return undefined;
    folder = above;
  }
}
