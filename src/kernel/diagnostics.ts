export type Severity = 'error' | 'warning' | 'info';

/** One problem in something a person wrote. Lines and columns count from 1; absent when the whole file is meant. */
export interface Diagnostic {
  severity: Severity;
  file?: string | undefined;
  line?: number | undefined;
  column?: number | undefined;
  /** What is wrong, in one sentence, naming the offending word. */
  message: string;
  /** What to do, in one sentence. */
  hint?: string | undefined;
}

/** `file:line:column: error: message (hint)`, the form editors and terminals link. */
export function formatDiagnostic(problem: Diagnostic): string {
  const place = [problem.file ?? '', problem.line, problem.column].filter((part) => part !== undefined).join(':');
  const hint = problem.hint ? ` (${problem.hint})` : '';
  return `${place && `${place}: `}${problem.severity}: ${problem.message}${hint}`;
}

export function hasErrors(problems: readonly Diagnostic[]): boolean {
  return problems.some((problem) => problem.severity === 'error');
}
