import type { Errors } from '../errors/index.ts';
import type { Projects } from '../projects/index.ts';

type Event = Awaited<ReturnType<Errors['catalogue']['event']>>;
type Frame = Event['frames'][number];

/** A line of the stack that a commit of the release changed last. */
export interface BlamedFrame {
  sha: string;
  path: string;
  line: number;
}

/** Lines of the stack asked about, and how long all of it may take (ms). */
const mostLines = 6;
const budgetMs = 10_000;

/** A place in an application's file: where a call of the stack stood, as its client told it. */
export interface StackLine {
  /** From the outside: the client may know more of the path than the repository, or less. */
  file: string;
  line: number;
  /** The line as the client saw it, where it sent it. */
  text: string | null;
}

/** Lines of the application's own calls, the crash first, each once. Pure. */
export function linesOf(event: Pick<Event, 'exceptions' | 'frames'>): StackLine[] {
  const stacks = event.exceptions.length > 0 ? event.exceptions.map((one) => one.frames) : [event.frames];
  const lines = new Map<string, StackLine>();
  for (const frame of stacks.flat()) {
    const file = fileOf(frame);
    if (!frame.inApp || frame.line === null || frame.line < 1 || file === null) continue;
    const key = `${file}:${frame.line}`;
    const text = frame.source.find((one) => one.current)?.text ?? null;
    if (!lines.has(key)) lines.set(key, { file, line: frame.line, text });
    if (lines.size === mostLines) break;
  }
  return [...lines.values()];
}

function fileOf(frame: Frame): string | null {
  const file = frame.file ?? frame.absolutePath;
  if (file === null) return null;
  // Java names the class with its packages, and the file without.
  const packages = frame.module?.split('.').slice(0, -1) ?? [];
  if (!/[/\\]/.test(file) && /\.(?:java|kt|scala|groovy)$/.test(file)) return [...packages, file].join('/');
  // webpack:///./src/cart.ts, app:///src/cart.ts, file:///srv/cart.ts, C:\shop\cart.php
  return file
    .replace(/^[a-z][\w.+-]*:\/\/+(?:\.\/)?/i, '')
    .replaceAll('\\', '/')
    .replace(/^(?:\.\/)+/, '');
}

/** The file of the repository that a client means: the one that shares the longest end of the path; undefined when several do. Pure. */
export function pathOf(file: string, paths: readonly string[]): string | undefined {
  const parts = file.split('/').filter(Boolean);
  let best: string[] = [];
  let longest = 0;
  for (const path of paths) {
    if (!(path === file || path.endsWith(`/${file}`) || file.endsWith(`/${path}`))) continue;
    const shared = Math.min(path.split('/').length, parts.length);
    if (shared < longest) continue;
    best = shared > longest ? [path] : [...best, path];
    longest = shared;
  }
  return best.length === 1 ? best[0] : undefined;
}

/**
 * Which commits between two releases last changed the lines of a stack, the crash first. What cannot be told is left out: a file
 * that is not in the repository, a line that says something else there, a line older than the release before.
 */
export async function blameLines(
  projects: Pick<Projects, 'tree' | 'changedFiles' | 'blameLine'>,
  projectId: string,
  range: { from: string | null; to: string },
  lines: StackLine[],
): Promise<BlamedFrame[]> {
  if (lines.length === 0) return [];
  const started = performance.now();
  const [paths, changed] = await Promise.all([
    projects.tree(projectId, range.to).list(),
    projects.changedFiles(projectId, range.from, range.to),
  ]);
  const touched = new Set(changed);
  const blamed: BlamedFrame[] = [];
  for (const { file, line, text } of lines) {
    if (performance.now() - started > budgetMs) break;
    const path = pathOf(file, paths);
    if (path === undefined || !touched.has(path)) continue;
    const found = await projects.blameLine(projectId, range.from, { sha: range.to, path, line }).catch(() => undefined);
    // The client saw another file there: built, or edited after the commit.
    if (!found || (text !== null && text.trim() !== found.text.trim())) continue;
    blamed.push({ sha: found.sha, path, line });
  }
  return blamed;
}
