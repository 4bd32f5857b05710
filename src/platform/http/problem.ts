import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { ZodError } from 'zod';
import type { Diagnostic } from '../../kernel/diagnostics.ts';
import { Fault, type FaultKind } from '../../kernel/faults.ts';
import { awayFault } from '../postgres/away.ts';

/** The one mapping of refusals to HTTP. */
export const statusOf: Record<FaultKind, number> = {
  invalid: 400,
  unauthenticated: 401,
  forbidden: 403,
  missing: 404,
  'wrong-method': 405,
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
  405: 'Not a method of this address',
  408: 'It took too long to arrive',
  409: 'In conflict with the present state',
  412: 'Changed by someone else meanwhile',
  413: 'Too large',
  415: 'Media type not supported',
  422: 'Cannot be carried out',
  429: 'Too many requests',
  431: 'Too large',
  500: 'Something went wrong in Millrace',
  503: 'Not available right now',
};

/** What the HTTP framework refuses before a handler runs, in our words. */
const frameworkRefusals: Record<string, { code: string; detail: string; hint?: string }> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: {
    code: 'http.media-type',
    detail: 'The body is of a media type that is not read here.',
    hint: 'Send JSON, with the header "Content-Type: application/json".',
  },
  FST_ERR_CTP_BODY_TOO_LARGE: { code: 'http.too-large', detail: 'The body is larger than this address takes.' },
  FST_ERR_CTP_INVALID_JSON_BODY: { code: 'http.json', detail: 'The body is no valid JSON.' },
  FST_ERR_CTP_EMPTY_JSON_BODY: {
    code: 'http.json',
    detail: 'The body is empty, but said to be JSON.',
    hint: 'Send a body, or leave the header Content-Type out.',
  },
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: {
    code: 'http.content-length',
    detail: 'The body is not as long as its header Content-Length says.',
  },
  FST_ERR_BAD_URL: { code: 'http.url', detail: 'The address holds a percent sign that encodes nothing.' },
};

/** Turns anything thrown into problem details. Unknown errors tell nothing of their inside. */
export function problemOf(
  error: unknown,
  requestId: string,
): { problem: Problem; unexpected: boolean; retryAfter?: number | undefined } {
  const away = awayFault(error);
  if (away) return problemOf(away, requestId);
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
    const { code: named, detail, hint } = frameworkRefusals[code ?? ''] ?? {};
    return {
      unexpected: false,
      problem: make(statusCode, named ?? 'http.refused', detail ?? message ?? titles[statusCode] ?? 'Refused', hint),
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

/** Answers a connection whose bytes were no request that could be read (not HTTP, headers too large or too slow), and ends it. */
export function refuseConnection(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const [status, code, detail] =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? ([431, 'http.headers-too-large', 'The headers of the request are too large.'] as const)
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? ([408, 'http.slow-headers', 'The headers of the request took too long to arrive.'] as const)
        : ([400, 'http.unreadable', 'This is no request that can be read.'] as const);
  const body = JSON.stringify(make(status, code, detail));
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\ncontent-type: ${problemMediaType}\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
}
