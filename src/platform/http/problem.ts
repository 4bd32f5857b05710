import { ZodError } from 'zod';
import type { Diagnostic } from '../../kernel/diagnostics.ts';
import { Fault, type FaultKind } from '../../kernel/faults.ts';

/** The one mapping of refusals to HTTP. */
export const statusOf: Record<FaultKind, number> = {
  invalid: 400,
  unauthenticated: 401,
  forbidden: 403,
  missing: 404,
  conflict: 409,
  stale: 412,
  'too-large': 413,
  unprocessable: 422,
  'too-many': 429,
  unavailable: 503,
};

/** RFC 9457 problem details, with our stable code, a hint, and every problem found. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  code: string;
  detail: string;
  hint?: string | undefined;
  problems?: Diagnostic[] | undefined;
  /** Given on unexpected errors only: the line of the server's log that tells more. */
  requestId?: string | undefined;
}

export const problemMediaType = 'application/problem+json';

const titles: Record<number, string> = {
  400: 'The request is not valid',
  401: 'Sign in first',
  403: 'Not allowed',
  404: 'Not found',
  409: 'In conflict with the present state',
  412: 'Changed by someone else meanwhile',
  413: 'Too large',
  415: 'Media type not supported',
  422: 'Cannot be carried out',
  429: 'Too many requests',
  500: 'Something went wrong in Millrace',
  503: 'Not available right now',
};

/** Turns anything thrown into problem details. Unknown errors tell nothing of their inside. */
export function problemOf(
  error: unknown,
  requestId: string,
): { problem: Problem; unexpected: boolean; retryAfter?: number | undefined } {
  if (error instanceof Fault) {
    const status = statusOf[error.kind];
    return {
      unexpected: false,
      retryAfter: error.retryAfter,
      problem: make(status, error.code, error.message, error.hint, error.problems),
    };
  }
  if (error instanceof ZodError) {
    const problems = error.issues.map(
      (issue): Diagnostic => ({ severity: 'error', file: issue.path.join('.') || undefined, message: issue.message }),
    );
    return { unexpected: false, problem: make(400, 'http.invalid', 'Some fields are not valid.', undefined, problems) };
  }
  const { statusCode, code, message } = (error ?? {}) as { statusCode?: number; code?: string; message?: string };
  if (statusCode && statusCode >= 400 && statusCode < 500) {
    const named =
      code
        ?.toLowerCase()
        .replace(/^fst_err_/, '')
        .replaceAll('_', '-') ?? 'refused';
    return {
      unexpected: false,
      problem: make(statusCode, `http.${named}`, message ?? titles[statusCode] ?? 'Refused'),
    };
  }
  return {
    unexpected: true,
    problem: {
      ...make(
        500,
        'http.unexpected',
        'The request failed for a reason Millrace did not expect.',
        'The server log has the details under this request id.',
      ),
      requestId,
    },
  };
}

function make(status: number, code: string, detail: string, hint?: string, problems?: Diagnostic[]): Problem {
  return {
    type: `https://millrace.dev/problems/${code}`,
    title: titles[status] ?? 'Refused',
    status,
    code,
    detail,
    ...(hint ? { hint } : {}),
    ...(problems?.length ? { problems } : {}),
  };
}
