/** One address the gateway answers for, and who answers. */
export interface Route {
  /** Lower case, no port; `*.example.org` stands for any host below. */
  host: string;
  /** Prefix, beginning with `/`. */
  path: string;
  stripPath: boolean;
  projectId: string;
  environment: string;
  service: string;
  /** Of the instances behind it: one group is one deployment. */
  group: string;
  /** Version; null for backing services. */
  release: string | null;
  targets: Target[];
}

export interface Target {
  instanceId: string;
  host: string;
  port: number;
  healthy: boolean;
}

/** Routes ready for look-up: by host, longest path first. */
export interface RouteTable {
  hosts: ReadonlyMap<string, readonly Route[]>;
}

/** Builds the table. Of two routes for the same host and path the first holds. */
export function routeTable(routes: readonly Route[]): RouteTable {
  const hosts = new Map<string, Route[]>();
  for (const route of routes) {
    const list = hosts.get(route.host) ?? [];
    if (!list.some((other) => other.path === route.path)) list.push(route);
    hosts.set(route.host, list);
  }
  for (const list of hosts.values()) list.sort((a, b) => b.path.length - a.path.length);
  return { hosts };
}

/** `Shop.Example:7480` as a look-up key: lower case, without port and trailing dot. */
export function hostOf(header: string | undefined): string {
  if (!header) return '';
  const end = header.startsWith('[') ? header.indexOf(']') + 1 : header.indexOf(':');
  return (end > 0 ? header.slice(0, end) : header).toLowerCase().replace(/\.$/, '');
}

/** The route for a request, or undefined. An exact host goes before a wildcard; the longest path prefix wins. */
export function findRoute(table: RouteTable, host: string, url: string): Route | undefined {
  const query = url.indexOf('?');
  const path = query < 0 ? url : url.slice(0, query);
  const direct = match(table.hosts.get(host), path);
  if (direct) return direct;
  for (let dot = host.indexOf('.'); dot >= 0; dot = host.indexOf('.', dot + 1)) {
    const wild = match(table.hosts.get(`*${host.slice(dot)}`), path);
    if (wild) return wild;
  }
  return undefined;
}

function match(routes: readonly Route[] | undefined, path: string): Route | undefined {
  return routes?.find((route) => {
    if (route.path === '/' || path === route.path) return true;
    return path.startsWith(route.path.endsWith('/') ? route.path : `${route.path}/`);
  });
}

/** The URL the service sees. */
export function targetUrl(route: Route, url: string): string {
  if (!route.stripPath || route.path === '/') return url;
  const rest = url.slice(route.path.replace(/\/$/, '').length);
  return rest.startsWith('/') ? rest : `/${rest}`;
}
