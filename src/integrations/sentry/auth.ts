/** What a request says of who it is for. */
export interface Credentials {
  key: string;
  client: string | null;
}

type Headers = Record<string, string | string[] | undefined>;

/** The pairs of an `X-Sentry-Auth` value (`Sentry sentry_key=..., sentry_version=7`); null for another scheme. */
export function parseAuthHeader(value: string): Map<string, string> | null {
  const body = /^\s*sentry\s+(.*)$/is.exec(value)?.[1];
  if (body === undefined) return null;
  const pairs = new Map<string, string>();
  for (const part of body.split(',').slice(0, 20)) {
    const at = part.indexOf('=');
    if (at > 0) pairs.set(part.slice(0, at).trim().toLowerCase(), part.slice(at + 1).trim());
  }
  return pairs;
}

/** The public key and project of a DSN; null when it is none. */
export function parseDsn(dsn: string): { key: string; projectId: string } | null {
  let url: URL;
  try {
    url = new URL(dsn);
  } catch {
    return null;
  }
  const projectId = url.pathname.replace(/\/$/, '').split('/').at(-1) ?? '';
  return url.username !== '' && projectId !== '' ? { key: url.username, projectId } : null;
}

/**
 * The credentials of a request: header `X-Sentry-Auth`, header `Authorization` of the same form, or query `sentry_key`. All that are given
 * must agree. `null` when none is given, `conflict` when they differ.
 */
export function credentialsOf(headers: Headers, query: Record<string, unknown>): Credentials | null | 'conflict' {
  const keys = new Set<string>();
  let client: string | null = null;
  for (const name of ['x-sentry-auth', 'authorization']) {
    const header = headers[name];
    const pairs = typeof header === 'string' ? parseAuthHeader(header) : null;
    const key = pairs?.get('sentry_key');
    if (key) keys.add(key);
    client ??= pairs?.get('sentry_client') ?? null;
  }
  if (typeof query.sentry_key === 'string' && query.sentry_key !== '') keys.add(query.sentry_key);
  if (typeof query.sentry_client === 'string') client ??= query.sentry_client;
  const [key, ...others] = keys;
  if (others.length > 0) return 'conflict';
  return key === undefined ? null : { key, client };
}
