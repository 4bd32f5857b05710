import type { Diagnostic } from '../kernel/diagnostics.ts';

/** The fields of a problem+json answer that people and scripts use. */
export interface ProblemBody {
  code?: string;
  title?: string;
  detail?: string;
  hint?: string;
  problems?: Diagnostic[];
  requestId?: string;
}

/** A refusal by the server (or, with status 0, no answer at all). */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly hint: string | undefined;
  readonly problems: Diagnostic[];

  constructor(status: number, body: ProblemBody) {
    super(body.detail ?? body.title ?? `The server answered ${status}`);
    this.name = 'ApiError';
    this.status = status;
    this.code = body.code ?? `http.${status}`;
    this.hint = body.hint;
    this.problems = body.problems ?? [];
  }
}
