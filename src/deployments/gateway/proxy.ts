import { randomUUID } from 'node:crypto';
import {
  Agent,
  type ClientRequest,
  type IncomingMessage,
  request as openRequest,
  type ServerResponse,
} from 'node:http';
import type { Duplex } from 'node:stream';
import type { Balancer } from './balancer.ts';
import { requestHeaders, responseHeaders, traceIdOf } from './headers.ts';
import { gatewayLimits } from './limits.ts';
import { answerItself } from './pages.ts';
import type { RequestFacts } from './records.ts';
import { findRoute, hostOf, type Route, type RouteTable, type Target, targetUrl } from './routes.ts';

export interface ProxyDeps {
  table: () => RouteTable;
  balancer: Balancer;
  record: (route: Route, facts: RequestFacts) => void;
  now: () => number;
}

/** Requests that may be sent again when a target could not be reached (RFC 9110, section 9.2.2), and carry no body. */
function mayRepeat(request: IncomingMessage): boolean {
  const method = request.method ?? 'GET';
  const bodyless =
    request.headers['content-length'] === undefined && request.headers['transfer-encoding'] === undefined;
  return bodyless && ['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE'].includes(method);
}

/** Nothing of the request can have been acted on: the connection was never made, or was closed while idle. */
function neverArrived(error: NodeJS.ErrnoException, outgoing: ClientRequest): boolean {
  if (['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'EADDRNOTAVAIL', 'MILLRACE_CONNECT'].includes(error.code ?? '')) {
    return true;
  }
  return outgoing.reusedSocket && ['ECONNRESET', 'EPIPE'].includes(error.code ?? '');
}

/** The core of the gateway: passes requests and upgrades on, streaming both ways. */
export class RequestProxy {
  readonly #deps: ProxyDeps;
  readonly #agent = new Agent({
    keepAlive: true,
    maxSockets: Number.POSITIVE_INFINITY,
    maxFreeSockets: 256,
    timeout: gatewayLimits.targetIdleMs,
  });
  /** Upgraded connections by group, to be ended when their group goes. */
  readonly #upgraded = new Map<string, Set<Duplex>>();

  constructor(deps: ProxyDeps) {
    this.#deps = deps;
  }

  handle(request: IncomingMessage, response: ServerResponse): void {
    const host = hostOf(request.headers.host);
    const route = findRoute(this.#deps.table(), host, request.url ?? '/');
    if (!route) {
      answerItself(request, response, 404, 'gateway.no-route', `No application answers for ${host || 'this address'}.`);
      return;
    }
    const startedAt = this.#deps.now();
    const begun = performance.now();
    let failure: string | undefined;
    let nobody = false;
    this.#deps.balancer.begin(route.group);
    // `close` comes exactly once, whether the answer was finished or the visitor left.
    response.once('close', () => {
      const status = response.statusCode;
      const failed = failure !== undefined || status >= 500;
      this.#deps.balancer.end(route.group, nobody ? 'void' : failed ? 'failed' : 'answered');
      this.#deps.record(route, {
        method: request.method ?? 'GET',
        url: request.url ?? '/',
        host,
        status,
        startedAt,
        durationMs: performance.now() - begun,
        failed,
        failure: failure ?? (status >= 500 ? `answered ${status}` : undefined),
        traceId: traceIdOf(request.headers),
      });
    });
    this.#attempt(request, response, route, { tried: [], repeats: 0 }, (reason, healthy) => {
      failure = reason;
      nobody = !healthy;
    });
  }

  #attempt(
    request: IncomingMessage,
    response: ServerResponse,
    route: Route,
    attempt: { tried: Target[]; repeats: number },
    /** `healthy`: somebody failed who was thought to be well. */
    failed: (reason: string, healthy: boolean) => void,
  ): void {
    const { tried, repeats } = attempt;
    const { balancer, now } = this.#deps;
    const target = balancer.choose(route, tried, now());
    const healthy = [...tried, ...(target ? [target] : [])].some((each) => each.healthy);
    const giveUp = (status: number, code: string, detail: string): void => {
      failed(detail, healthy);
      answerItself(request, response, status, code, detail);
    };
    if (!target) {
      if (tried.length > 0) giveUp(502, 'gateway.unreachable', `"${route.service}" cannot be reached.`);
      else giveUp(503, 'gateway.no-target', `No instance of "${route.service}" is running.`);
      return;
    }
    balancer.load(target, 1);
    const outgoing = openRequest({
      host: target.host,
      port: target.port,
      method: request.method,
      path: targetUrl(route, request.url ?? '/'),
      headers: requestHeaders(request, randomUUID()),
      agent: repeats > 0 ? false : this.#agent,
      setHost: false,
    });
    outgoing.once('close', () => balancer.load(target, -1));
    watchConnect(outgoing);
    outgoing.setTimeout(gatewayLimits.silenceMs, () => {
      giveUp(504, 'gateway.silence', `"${route.service}" was silent for ${gatewayLimits.silenceMs / 1000} seconds.`);
      outgoing.destroy();
    });
    const left = (): void => void outgoing.destroy();
    response.once('close', left);
    outgoing.on('error', (error: NodeJS.ErrnoException) => {
      response.off('close', left);
      if (response.destroyed || response.writableEnded) return;
      const unsent = neverArrived(error, outgoing);
      // A reused connection that was closed while idle says nothing about its target, which is asked again, freshly.
      const stale = outgoing.reusedSocket;
      if (unsent && !stale) balancer.unreachable(target, now());
      if (unsent && mayRepeat(request) && repeats < gatewayLimits.retries && !response.headersSent) {
        const next = { tried: stale ? tried : [...tried, target], repeats: repeats + 1 };
        this.#attempt(request, response, route, next, failed);
        return;
      }
      giveUp(502, 'gateway.broken', `"${route.service}" broke the connection (${error.code ?? error.message}).`);
    });
    outgoing.on('response', (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.statusMessage, responseHeaders(answer));
      answer.on('error', () => {
        failed(`"${route.service}" broke off its answer`, true);
        response.destroy();
      });
      answer.on('aborted', () => response.destroy());
      answer.pipe(response);
    });
    outgoing.on('information', (early) => {
      if (early.statusCode === 103 && !response.headersSent) {
        const link = early.headers.link;
        if (link) response.writeEarlyHints({ link });
      }
    });
    if (request.headers['content-length'] === undefined && request.headers['transfer-encoding'] === undefined) {
      outgoing.end();
    } else {
      request.pipe(outgoing);
    }
  }

  /** WebSockets and everything else that takes the connection over. Counted as in flight as long as it lasts. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const route = findRoute(this.#deps.table(), hostOf(request.headers.host), request.url ?? '/');
    const target = route && this.#deps.balancer.choose(route, [], this.#deps.now());
    socket.on('error', () => socket.destroy());
    if (!route || !target) {
      socket.end(`HTTP/1.1 ${route ? '503 Service Unavailable' : '404 Not Found'}\r\nconnection: close\r\n\r\n`);
      return;
    }
    const { balancer } = this.#deps;
    balancer.begin(route.group);
    balancer.load(target, 1);
    let failed = false;
    socket.once('close', () => {
      balancer.end(route.group, !failed ? 'answered' : target.healthy ? 'failed' : 'void');
      balancer.load(target, -1);
    });
    const outgoing = openRequest({
      host: target.host,
      port: target.port,
      method: request.method,
      path: targetUrl(route, request.url ?? '/'),
      headers: {
        ...requestHeaders(request, randomUUID()),
        connection: 'Upgrade',
        upgrade: request.headers.upgrade,
      },
      agent: false,
      setHost: false,
    });
    watchConnect(outgoing);
    socket.once('close', () => outgoing.destroy());
    outgoing.once('error', () => {
      failed = true;
      socket.end('HTTP/1.1 502 Bad Gateway\r\nconnection: close\r\n\r\n');
    });
    outgoing.once('response', (answer) => {
      // Refused: passed on as it came, then the connection ends.
      socket.write(`${statusLine(answer)}${rawHeaders(answer)}connection: close\r\n\r\n`);
      answer.pipe(socket);
    });
    outgoing.once('upgrade', (answer: IncomingMessage, peer: Duplex, peerHead: Buffer) => {
      socket.write(`${statusLine(answer)}${rawHeaders(answer)}\r\n`);
      if (peerHead.length > 0) socket.write(peerHead);
      if (head.length > 0) peer.write(head);
      peer.on('error', () => socket.destroy());
      peer.once('close', () => socket.destroy());
      socket.once('close', () => peer.destroy());
      peer.pipe(socket);
      socket.pipe(peer);
      const set = this.#upgraded.get(route.group) ?? new Set();
      set.add(socket);
      this.#upgraded.set(route.group, set);
      socket.once('close', () => {
        set.delete(socket);
        if (set.size === 0) this.#upgraded.delete(route.group);
      });
    });
    outgoing.end();
  }

  /** Ends the upgraded connections of a group; their clients connect again, to what serves then. */
  endUpgraded(group: string): void {
    for (const socket of this.#upgraded.get(group) ?? []) socket.destroy();
  }

  close(): void {
    for (const group of this.#upgraded.keys()) this.endUpgraded(group);
    this.#agent.destroy();
  }
}

/** A connection that is not made in time counts as refused. */
function watchConnect(outgoing: ClientRequest): void {
  outgoing.once('socket', (socket) => {
    if (!socket.connecting) return;
    const timer = setTimeout(() => {
      outgoing.destroy(Object.assign(new Error('no connection in time'), { code: 'MILLRACE_CONNECT' }));
    }, gatewayLimits.connectMs);
    const stop = (): void => clearTimeout(timer);
    socket.once('connect', stop);
    outgoing.once('close', stop);
  });
}

const statusLine = (answer: IncomingMessage): string => `HTTP/1.1 ${answer.statusCode} ${answer.statusMessage}\r\n`;

/** Header lines as they came; of a refused upgrade without those of the connection. */
function rawHeaders(answer: IncomingMessage): string {
  const upgrade = answer.statusCode === 101;
  let lines = '';
  for (let index = 0; index < answer.rawHeaders.length; index += 2) {
    const name = answer.rawHeaders[index]!;
    if (!upgrade && ['connection', 'keep-alive', 'transfer-encoding'].includes(name.toLowerCase())) continue;
    lines += `${name}: ${answer.rawHeaders[index + 1]}\r\n`;
  }
  return lines;
}
