import type { Diagnostic, Severity } from '../../kernel/diagnostics.ts';
import type { SourcePosition } from '../../pipelines/port.ts';
import { limits } from './limits.ts';

/** Everything found wrong in a file, each place and sentence once (the gravest counts), in the order of the file. */
export class Problems {
  readonly #found = new Map<string, Diagnostic>();
  #left = 0;
  #notes = 0;

  /** Version 2 runs files with keys it does not know, and only warns of them. */
  toleratesExtras = false;

  /** A key or value that is one too many: an error, or for version 2 a warning. */
  extra(at: SourcePosition | undefined, message: string, hint?: string): void {
    this.#add(this.toleratesExtras ? 'warning' : 'error', at, message, hint);
  }

  error(at: SourcePosition | undefined, message: string, hint?: string): void {
    this.#add('error', at, message, hint);
  }

  warning(at: SourcePosition | undefined, message: string, hint?: string): void {
    this.#add('warning', at, message, hint);
  }

  note(at: SourcePosition | undefined, message: string, hint?: string): void {
    this.#add('info', at, message, hint);
  }

  get failed(): boolean {
    return [...this.#found.values()].some((problem) => problem.severity === 'error');
  }

  list(): Diagnostic[] {
    const found = [...this.#found.values()].sort(
      (a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0),
    );
    if (this.#left > 0) {
      found.push({ severity: 'warning', message: `${this.#left} more problems are not shown` });
    }
    return found;
  }

  /** Takes over what another found. */
  adopt(other: Problems): void {
    for (const { severity, file = '', line = 1, column = 1, message, hint } of other.#found.values()) {
      this.#add(severity, { file, line, column }, message, hint);
    }
  }

  #add(severity: Severity, at: SourcePosition | undefined, message: string, hint: string | undefined): void {
    const key = `${at?.file}:${at?.line}:${at?.column}:${message}`;
    const known = this.#found.get(key);
    if (known) {
      if (severity === 'error') known.severity = severity;
      return;
    }
    if (severity === 'info' && this.#notes++ >= limits.notes) return;
    if (this.#found.size >= limits.problems + limits.notes) {
      this.#left += 1;
      if (severity !== 'error' || this.failed) return;
    }
    this.#found.set(key, { severity, file: at?.file, line: at?.line, column: at?.column, message, hint });
  }
}
