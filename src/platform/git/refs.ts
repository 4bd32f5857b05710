import { Fault } from '../../kernel/faults.ts';

const shaPattern = /^[0-9a-f]{40}(?:[0-9a-f]{24})?$/;
/** What git writes where a ref did not exist before, or exists no more. */
const zero = /^0+$/;

/** A full object name, SHA-1 or SHA-256. */
export function isSha(text: string): boolean {
  return shaPattern.test(text);
}

/** An object name as git prints it; the all-zero one means "none". */
export function shaOrNull(text: string): string | null {
  return zero.test(text) ? null : text;
}

/**
 * Whether git accepts this as a ref's name (git-check-ref-format), and it cannot be taken for an option or a revision
 * expression. Holds for full names (`refs/heads/main`) and short ones (`main`, `v1.2`).
 */
export function isRefName(text: string): boolean {
  if (text.length === 0 || text.length > 255 || /^[-/@]$|^-|^\/|\/$|\.$/.test(text)) return false;
  if (/[\x00-\x20\x7f~^:?*[\\]|\.\.|@\{|\/\//.test(text)) return false;
  return text.split('/').every((part) => !part.startsWith('.') && !part.endsWith('.lock'));
}

/**
 * A branch, tag, full ref or (abbreviated) object name, safe to hand to git as an argument: nothing in it is an option
 * or an expression (`..`, `@{1}`, `^`, `:path`). Throws an `invalid` Fault otherwise.
 */
export function checkRevision(text: string): string {
  if (isRefName(text)) return text;
  throw new Fault('invalid', `"${text.slice(0, 100)}" is neither a branch, a tag nor a commit`, {
    code: 'git.revision',
    hint: 'Name a branch, a tag or a commit.',
  });
}

/** A path inside a tree: relative, no empty, `.` or `..` parts, no control characters. Throws an `invalid` Fault. */
export function checkTreePath(path: string): string {
  const bad = path.length > 4096 || path.includes('\0') || path.split('/').some((part) => /^\.{0,2}$/.test(part));
  if (path !== '' && bad) {
    throw new Fault('invalid', `"${path.slice(0, 100)}" is not a path inside the repository`, { code: 'git.path' });
  }
  return path;
}

/** The branch or tag a full ref names, if it is one. */
export function nameOfRef(ref: string): { branch: string } | { tag: string } | undefined {
  if (ref.startsWith('refs/heads/')) return { branch: ref.slice('refs/heads/'.length) };
  if (ref.startsWith('refs/tags/')) return { tag: ref.slice('refs/tags/'.length) };
  return undefined;
}
