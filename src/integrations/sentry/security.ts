import type { Json } from './envelope.ts';
import { numberOf, objectOf, textOf } from './read.ts';

/** What may come with a report in its address. */
export interface ReportPlace {
  release: string | undefined;
  environment: string | undefined;
  userAgent: string | undefined;
}

/**
 * The event that a browser's security report comes to: violations of a content security policy (both forms browsers send), and the
 * older reports on certificates. Null for anything else.
 */
export function eventOfReport(report: unknown, place: ReportPlace): Json | null {
  const body = objectOf(Array.isArray(report) ? report[0] : report);
  if (!body) return null;
  const csp = objectOf(body['csp-report']) ?? (body.type === 'csp-violation' ? dashed(objectOf(body.body)) : null);
  if (csp) return policyEvent(csp, place);
  for (const [name, kind] of [
    ['expect-ct-report', 'expect_ct'],
    ['expect-staple-report', 'expect_staple'],
  ] as const) {
    const found = objectOf(body[name]);
    if (found) return certificateEvent(found, kind, place);
  }
  if (textOf(body['known-pins']) !== null || Array.isArray(body['known-pins']))
    return certificateEvent(body, 'hpkp', place);
  return null;
}

/** The newer form spells its names in another way: `blockedURL` for `blocked-uri`. */
function dashed(body: Json | null): Json | null {
  if (!body) return null;
  const names: Record<string, string> = {
    blockedURL: 'blocked-uri',
    documentURL: 'document-uri',
    effectiveDirective: 'effective-directive',
    violatedDirective: 'violated-directive',
    originalPolicy: 'original-policy',
    sourceFile: 'source-file',
    statusCode: 'status-code',
    lineNumber: 'line-number',
    columnNumber: 'column-number',
    sample: 'script-sample',
  };
  return Object.fromEntries(Object.entries(body).map(([name, value]) => [names[name] ?? name, value]));
}

function policyEvent(csp: Json, place: ReportPlace): Json | null {
  const directive =
    (textOf(csp['effective-directive']) ?? textOf(csp['violated-directive']) ?? '').split(/\s+/)[0] ?? '';
  if (directive === '') return null;
  const page = textOf(csp['document-uri']);
  const blocked = textOf(csp['blocked-uri']) ?? '';
  const local = localViolation(blocked, textOf(csp['violated-directive']) ?? '');
  const source = local ?? sourceOf(blocked, page);
  const what = directive.replace(/-(src|elem|attr)$/g, '').replace(/-src$/, '');
  const message = local
    ? `Blocked unsafe (${local.replaceAll("'", '')}) '${what}'`
    : `Blocked '${what}' from '${source}'`;
  return common(place, {
    logger: 'csp',
    message,
    type: 'csp',
    culprit: textOf(csp['violated-directive']) ?? directive,
    tags: { 'effective-directive': directive, ...(blocked === '' ? {} : { 'blocked-uri': blocked }) },
    request: page === null ? undefined : { url: page },
    security: local ? { salt: directive, violation: local } : { salt: directive, source },
    extra: reportFields(csp),
  });
}

/** A script of the page itself that the policy forbids. */
function localViolation(blocked: string, violated: string): string | null {
  if (blocked === 'inline' || blocked === 'eval') return `'unsafe-${blocked}'`;
  if (blocked !== '' && blocked !== 'self' && blocked !== "'self'") return null;
  if (violated.includes("'unsafe-inline'")) return "'unsafe-inline'";
  return violated.includes("'unsafe-eval'") ? "'unsafe-eval'" : null;
}

function sourceOf(blocked: string, page: string | null): string {
  if (blocked === '' || blocked === 'self') return "'self'";
  if (/^(data|blob|filesystem|about|chrome-extension|moz-extension|safari-extension)\b/.test(blocked)) {
    return blocked.split(':')[0] ?? blocked;
  }
  const host = hostOf(blocked);
  return host === null ? blocked : host === hostOf(page ?? '') ? "'self'" : host;
}

function hostOf(address: string): string | null {
  try {
    return new URL(address).host;
  } catch {
    return null;
  }
}

function certificateEvent(report: Json, kind: string, place: ReportPlace): Json | null {
  const host = textOf(report.hostname);
  if (host === null) return null;
  const names: Record<string, string> = {
    expect_ct: 'Expect-CT failed for',
    expect_staple: 'Expect-Staple failed for',
    hpkp: 'Public key pinning validation failed for',
  };
  const port = numberOf(report.port);
  return common(place, {
    logger: 'csp',
    message: `${names[kind]} '${host}'`,
    type: kind,
    tags: { hostname: host, ...(port === null ? {} : { port: String(port) }) },
    security: { salt: kind.replace('_', '-'), source: host },
    extra: reportFields(report),
  });
}

/** Plain fields of the report, for people. */
const reportFields = (report: Json): Json =>
  Object.fromEntries(Object.entries(report).filter(([, value]) => ['string', 'number'].includes(typeof value)));

function common({ release, environment, userAgent }: ReportPlace, event: Json): Json {
  const request = objectOf(event.request) ?? {};
  return {
    platform: 'javascript',
    level: 'error',
    ...event,
    release,
    environment,
    request: { ...request, headers: userAgent === undefined ? {} : { 'User-Agent': userAgent } },
  };
}
