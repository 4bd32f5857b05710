import { Fault } from '../../kernel/faults.ts';
import { awayFault } from '../../platform/postgres/away.ts';

/** What a refusal looks like on the wire: HTTP status, gRPC code, seconds to wait. */
export interface Refusal {
  status: number;
  code: number;
  message: string;
  retryAfter?: number | undefined;
}

class OtlpRefusal extends Error {
  readonly refusal: Refusal;

  constructor(refusal: Refusal) {
    super(refusal.message);
    this.refusal = refusal;
  }
}

export const refuse = (status: number, code: number, message: string): never => {
  throw new OtlpRefusal({ status, code, message });
};

/** What a sender is told about an error, by HTTP or by gRPC; nothing of an unexpected one but that it happened. */
export function refusalOf(cause: unknown): Refusal {
  const error = awayFault(cause) ?? cause;
  if (error instanceof OtlpRefusal) return error.refusal;
  if (error instanceof Fault) {
    const { message, retryAfter } = error;
    if (error.kind === 'unauthenticated')
      return { status: 401, code: 16, message: [message, error.hint].filter(Boolean).join('. ') };
    if (error.kind === 'unavailable') return { status: 503, code: 14, message, retryAfter: retryAfter ?? 5 };
    if (error.kind === 'too-many') return { status: 429, code: 8, message, retryAfter: retryAfter ?? 5 };
    if (error.kind === 'too-large') return { status: 413, code: 3, message };
    return { status: 400, code: 3, message };
  }
  const status = (error as { statusCode?: number }).statusCode;
  if (status !== undefined && status >= 400 && status < 500)
    return { status, code: 3, message: (error as Error).message };
  return { status: 500, code: 13, message: 'This request failed unexpectedly' };
}
