/** What a request brings to say who asks. */
export type Credentials =
  | { kind: 'token'; token: string }
  | { kind: 'session'; token: string }
  | { kind: 'basic'; user: string; password: string };

export const tokenPrefix = 'mr_';
const sessionCookie = 'millrace_session';
/** A header that pages of another site cannot send without being asked by CORS, which Millrace never answers. */
export const csrfHeader = 'x-millrace-request';

interface RequestHeaders {
  authorization?: string | undefined;
  cookie?: string | undefined;
}

/**
 * Reads the credentials of a request. Authorization in a form that is not ours (an OTLP exporter's key, Sentry's own
 * scheme) counts as none: the intake it is meant for looks at it. An explicit header wins over a cookie.
 */
export function credentialsOf(headers: RequestHeaders): Credentials | undefined {
  const [scheme, value] = (headers.authorization ?? '').split(/ +/, 2);
  if (scheme?.toLowerCase() === 'bearer' && value?.startsWith(tokenPrefix)) return { kind: 'token', token: value };
  if (scheme?.toLowerCase() === 'basic' && value) {
    const text = Buffer.from(value, 'base64').toString();
    const colon = text.indexOf(':');
    if (colon >= 0) return { kind: 'basic', user: text.slice(0, colon), password: text.slice(colon + 1) };
  }
  const session = cookieOf(headers.cookie ?? '', sessionCookie);
  return session ? { kind: 'session', token: session } : undefined;
}

function cookieOf(header: string, name: string): string | undefined {
  for (const part of header.split(';')) {
    const equals = part.indexOf('=');
    if (equals > 0 && part.slice(0, equals).trim() === name) return part.slice(equals + 1).trim();
  }
  return undefined;
}

/**
 * Whether a request that a browser authenticated by cookie was meant by our own page: it reads only, it carries our
 * header, or the browser says that it comes from the very origin it goes to.
 */
export function isOwnPage(method: string, headers: Readonly<Record<string, string | string[] | undefined>>): boolean {
  if (method === 'GET' || method === 'HEAD' || method === 'OPTIONS') return true;
  if (headers[csrfHeader] !== undefined) return true;
  if (headers['sec-fetch-site'] === 'same-origin') return true;
  const origin = headers.origin;
  if (typeof origin !== 'string' || !URL.canParse(origin)) return false;
  return new URL(origin).host === headers.host;
}

/** The `Set-Cookie` value that keeps a session (or, with an empty token, ends it). `secure` when served over https. */
export function sessionCookieHeader(token: string, maxAgeSeconds: number, secure: boolean): string {
  const parts = [`${sessionCookie}=${token}`, 'Path=/', `Max-Age=${maxAgeSeconds}`, 'HttpOnly', 'SameSite=Lax'];
  if (secure) parts.push('Secure');
  return parts.join('; ');
}
