import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A small site of an origin of its own that loads the script for pages; `?consent` makes a page ask first. */
export async function servePages(script: string, key: string): Promise<{ url: string; close(): void }> {
  const server = createServer((request, response) => {
    const consent = request.url?.endsWith('?consent') ? 'data-consent="required"' : '';
    response.setHeader('content-type', 'text/html; charset=utf-8').end(`<!doctype html><title>Shop</title>
<script>window.millrace = []; millrace.push(['set', { plan: 'pro' }])</script>
<script async src="${script}" data-key="${key}" data-service="shop-web" data-release="r1-abc" ${consent}></script>
<h1>A page with something to paint</h1>
<button id="buy" onclick="millrace.event('Purchase', { total: 42 })">Buy</button>
<button id="go" onclick="history.pushState({}, '', '/next')">Go</button>
<button id="agree" onclick="millrace.consent(true)">Agree</button>
<button id="fail">Fail</button>
<script>document.querySelector('#fail').onclick = function fail() { undefined.x }</script>`);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
