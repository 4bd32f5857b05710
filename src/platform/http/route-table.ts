import type { FastifyInstance } from 'fastify';

/** Knows every route of a server, to tell a wrong method from a wrong address. */
export interface RouteTable {
  /** Methods that are answered at a path (without its query), in order; empty where nothing is. */
  methodsAt(path: string): string[];
}

/** Watches the routes that are added to `app` from now on, in its scopes too. Catch-all routes (`/*`) count as no address. */
export function watchRoutes(app: FastifyInstance): RouteTable {
  const routes: { pattern: RegExp; methods: string[] }[] = [];
  app.addHook('onRoute', ({ url, method }) => {
    if (url === '*' || url === '/*') return;
    routes.push({ pattern: patternOf(url), methods: [method].flat() });
  });
  return {
    methodsAt: (path) => [
      ...new Set(routes.filter(({ pattern }) => pattern.test(path)).flatMap(({ methods }) => methods)),
    ],
  };
}

/** `/runs/:id`, `/git/:name.git/*` and the like as one expression over whole paths. */
function patternOf(url: string): RegExp {
  const source = url
    .replace(/\/$/, '')
    .split(/(:[A-Za-z]\w*(?:\([^)]*\))?|\*)/)
    .map((part) => {
      if (part === '*') return '.*';
      return part.startsWith(':') ? '[^/]+' : part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    })
    .join('');
  return new RegExp(`^${source}/?$`);
}
