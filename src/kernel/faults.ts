import type { Diagnostic } from './diagnostics.ts';

/**
 * What kind of refusal this is; the HTTP edge maps it to a status and the CLI to an exit code.
 * `invalid` 400, `unauthenticated` 401, `forbidden` 403, `missing` 404, `wrong-method` 405, `conflict` 409, `stale` 412 (ETag),
 * `too-large` 413, `unprocessable` 422, `too-many` 429, `unavailable` 503.
 */
export type FaultKind =
  | 'invalid'
  | 'unauthenticated'
  | 'forbidden'
  | 'missing'
  | 'wrong-method'
  | 'conflict'
  | 'stale'
  | 'too-large'
  | 'unprocessable'
  | 'too-many'
  | 'unavailable';

export interface FaultDetails {
  /** Stable dotted code, searchable in the docs: `pipelines.run-not-found`. */
  code: string;
  /** What to do about it, one sentence. */
  hint?: string | undefined;
  /** Every problem found in a file or a form, all at once. */
  problems?: Diagnostic[] | undefined;
  /** Seconds after which a retry makes sense (`too-many`, `unavailable`). */
  retryAfter?: number | undefined;
  cause?: unknown;
}

/** An expected refusal: something a person or client did, or a state that forbids it. Never used for bugs. */
export class Fault extends Error {
  readonly kind: FaultKind;
  readonly code: string;
  readonly hint: string | undefined;
  readonly problems: Diagnostic[];
  readonly retryAfter: number | undefined;

  constructor(kind: FaultKind, message: string, details: FaultDetails) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'Fault';
    this.kind = kind;
    this.code = details.code;
    this.hint = details.hint;
    this.problems = details.problems ?? [];
    this.retryAfter = details.retryAfter;
  }
}
