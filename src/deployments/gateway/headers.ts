import type { IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import type { Socket } from 'node:net';

/** Headers that concern one connection only (RFC 9110, section 7.6.1). */
const hopByHop = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Names the peer itself declared to concern this connection only. */
function declared(headers: IncomingHttpHeaders): Set<string> {
  const listed = headers.connection?.toLowerCase() ?? '';
  if (listed === '' || listed === 'keep-alive' || listed === 'close') return new Set();
  return new Set(listed.split(',').map((name) => name.trim()));
}

function passed(message: IncomingMessage, into: OutgoingHttpHeaders): OutgoingHttpHeaders {
  const own = declared(message.headers);
  const raw = message.rawHeaders;
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index]!.toLowerCase();
    if (hopByHop.has(name) || own.has(name)) continue;
    const value = raw[index + 1]!;
    const before = into[name];
    if (before === undefined) into[name] = value;
    else if (Array.isArray(before)) before.push(value);
    else into[name] = [String(before), value];
  }
  return into;
}

/**
 * What the target is told: everything end-to-end, the visitor's Host unchanged, and who asked, by what name and protocol.
 * What a visitor claims in X-Forwarded-For stays in front of the address seen here.
 */
export function requestHeaders(request: IncomingMessage, requestId: string): OutgoingHttpHeaders {
  const headers = passed(request, {});
  const socket = request.socket as Socket & { encrypted?: boolean };
  const from = socket.remoteAddress ?? 'unknown';
  const before = headers['x-forwarded-for'];
  headers['x-forwarded-for'] = before === undefined ? from : `${[before].flat().join(', ')}, ${from}`;
  headers['x-forwarded-proto'] = socket.encrypted ? 'https' : 'http';
  headers['x-forwarded-host'] = request.headers.host ?? '';
  headers['x-request-id'] ??= requestId;
  return headers;
}

/** What the visitor is told: everything end-to-end. */
export function responseHeaders(response: IncomingMessage): OutgoingHttpHeaders {
  return passed(response, {});
}

/** The trace id of a W3C `traceparent`, when there is a proper one. */
export function traceIdOf(headers: IncomingHttpHeaders): string | undefined {
  const value = headers.traceparent;
  return typeof value === 'string' ? /^[0-9a-f]{2}-([0-9a-f]{32})-/.exec(value)?.[1] : undefined;
}
