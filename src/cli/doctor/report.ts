import { table } from '../table.ts';
import type { Terminal } from '../terminal.ts';

/** One thing Millrace can use: whether it is here, and what follows. */
export interface Finding {
  /** Stable word for scripts: `git`, `docker`. */
  id: string;
  name: string;
  /** `missing` of something required means Millrace cannot work; `poor` means it works worse. */
  state: 'ok' | 'poor' | 'missing';
  required: boolean;
  /** What was found: a version, a number. */
  detail: string;
  /** What its absence costs, one sentence; nothing when all is well. */
  cost?: string | undefined;
  hint?: string | undefined;
}

const marks = { ok: ['green', 'ok     '], poor: ['yellow', 'poor   '], missing: ['red', 'missing'] } as const;

/** Whether everything that is required is here. */
export function healthy(findings: Finding[]): boolean {
  return findings.every((finding) => !finding.required || finding.state !== 'missing');
}

/** The findings for a person: what is here first, then what each absence costs and what to do. */
export function report(findings: Finding[], terminal: Pick<Terminal, 'paint'>): string[] {
  const rows = findings.map(({ state, name, detail, required }) => {
    const [colour, word] = state === 'missing' && !required ? (['grey', 'absent '] as const) : marks[state];
    return [terminal.paint(colour, word), name, terminal.paint('grey', detail)];
  });
  const costs = findings.flatMap(({ name, cost, hint }) =>
    cost === undefined ? [] : [`${terminal.paint('bold', name)}: ${cost}${hint ? ` ${hint}` : ''}`],
  );
  const verdict = healthy(findings)
    ? terminal.paint('green', 'Millrace can run here.')
    : terminal.paint('red', 'Millrace cannot run here before what is missing is there.');
  return [...table(rows), ...(costs.length > 0 ? ['', ...costs] : []), '', verdict];
}
