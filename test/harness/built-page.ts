import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { build } from 'vite';

/**
 * Bundles a browser program as its users would and serves it, below `html`, on a port of its own: an origin other than
 * the intake's, which the program finds in `window.SENTRY_DSN`.
 */
export async function serveBuiltPage(
  entry: string,
  html: string,
  dsn: string,
): Promise<{ url: string; close(): void }> {
  const built = await build({
    configFile: false,
    logLevel: 'silent',
    // Vitest runs as a development build; what is served here is what users get.
    oxc: { jsx: { runtime: 'automatic', development: false } },
    define: { 'process.env.NODE_ENV': '"production"' },
    build: { write: false, minify: true, lib: { entry, formats: ['iife'], name: 'shop' } },
  });
  const bundle = (Array.isArray(built) ? built[0]! : built) as { output: { code?: string }[] };
  const server = createServer((request, response) => {
    if (request.url === '/app.js')
      return response.setHeader('content-type', 'text/javascript').end(bundle.output[0]!.code);
    return response
      .setHeader('content-type', 'text/html')
      .end(`${html}<script>window.SENTRY_DSN='${dsn}'</script><script src="/app.js"></script>`);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    close: () => void server.close(),
  };
}
