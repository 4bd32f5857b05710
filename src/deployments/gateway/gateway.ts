import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Clock } from '../../kernel/clock.ts';
import type { Log } from '../../platform/observe/log.ts';
import type { TelemetrySink } from '../../platform/observe/telemetry-sink.ts';
import type { Traffic } from '../gates.ts';
import { Balancer } from './balancer.ts';
import { gatewayLimits } from './limits.ts';
import { RequestProxy } from './proxy.ts';
import { RequestRecords } from './records.ts';
import { type Route, routeTable, type Target } from './routes.ts';

/** The one listener visitors reach deployed applications through. */
export interface Gateway {
  /** Begins to accept; resolves to the port. Requests before the first `apply` are answered 404. */
  listen(port: number, host: string): Promise<number>;
  /**
   * Replaces all routes at once: a request that comes later follows the new ones, those under way finish where they are.
   * Nothing new reaches a target that is no longer named.
   */
  apply(routes: readonly Route[]): void;
  routes(): readonly Route[];
  /** Requests under way to a group, upgraded connections included. */
  inFlight(group: string): number;
  traffic(group: string): Traffic;
  loadOf(target: Target): number;
  /** Ends the upgraded connections (WebSockets) of a group. */
  endUpgraded(group: string): void;
  /** `http://127.0.0.1:7480`, once it listens. */
  address(): string | null;
  /** Stops accepting, lets requests finish for at most `graceMs`, then ends them. */
  close(graceMs: number): Promise<void>;
}

export function createGateway(deps: { clock: Clock; log: Log; telemetry: TelemetrySink }): Gateway {
  let routes: readonly Route[] = [];
  let table = routeTable([]);
  const balancer = new Balancer();
  const records = new RequestRecords(deps.telemetry, deps.log, deps.clock);
  const proxy = new RequestProxy({
    table: () => table,
    balancer,
    record: (route, facts) => records.add(route, facts),
    now: () => deps.clock.now(),
  });
  const server: Server = createServer(
    {
      maxHeaderSize: gatewayLimits.headerBytes,
      headersTimeout: gatewayLimits.headersMs,
      keepAliveTimeout: gatewayLimits.clientIdleMs,
      // Uploads may take as long as they take; silence is bounded at the target.
      requestTimeout: 0,
      connectionsCheckingInterval: 5000,
    },
    (request, response) => proxy.handle(request, response),
  );
  server.maxHeadersCount = gatewayLimits.headers;
  server.on('upgrade', (request, socket, head) => proxy.upgrade(request, socket, head));
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    if (socket.writable && error.code !== 'ECONNRESET')
      socket.end('HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n');
    else socket.destroy();
  });

  return {
    listen: (port, host) =>
      new Promise((resolve, reject) => {
        server.once('error', reject);
        server.listen(port, host, 1024, () => {
          server.off('error', reject);
          resolve((server.address() as AddressInfo).port);
        });
      }),
    apply(next) {
      routes = next;
      table = routeTable(next);
      balancer.forget(new Set(next.map((route) => route.group)), deps.clock.now());
    },
    routes: () => routes,
    inFlight: (group) => balancer.account(group).inFlight,
    traffic(group) {
      const { requests, failed, inFlight } = balancer.account(group);
      return { requests: requests - inFlight, failed };
    },
    loadOf: (target) => balancer.loadOf(target),
    endUpgraded: (group) => proxy.endUpgraded(group),
    address() {
      const at = server.address() as AddressInfo | null;
      if (!at) return null;
      const host = at.address === '0.0.0.0' || at.address === '::' ? '127.0.0.1' : at.address;
      return `http://${host.includes(':') ? `[${host}]` : host}:${at.port}`;
    },
    async close(graceMs) {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      if (!server.listening) server.closeAllConnections();
      server.closeIdleConnections();
      const timer = setTimeout(() => {
        proxy.close();
        server.closeAllConnections();
      }, graceMs);
      await closed;
      clearTimeout(timer);
      proxy.close();
      await records.close();
    },
  };
}
