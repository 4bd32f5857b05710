import { createServer } from 'node:http';
import { BadCart, priceOf } from './price.js';

const mostBytes = 64 * 1024;

async function readJson(request) {
  let text = '';
  for await (const chunk of request) {
    text += chunk;
    if (text.length > mostBytes) throw new BadCart('the cart is too large');
  }
  try {
    return JSON.parse(text);
  } catch {
    throw new BadCart('the cart is no JSON');
  }
}

/** The service: `GET /healthz` and `POST /price`. `onError` is told of everything unexpected. */
export function createApp({ onError = () => {} } = {}) {
  return createServer(async (request, response) => {
    const answer = (status, body) => {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(body));
    };
    const path = request.url.split('?')[0];
    try {
      if (request.method === 'GET' && path === '/healthz') answer(200, { ok: true });
      else if (request.method === 'POST' && path === '/price') answer(200, priceOf(await readJson(request)));
      else answer(404, { error: 'there is nothing here' });
    } catch (error) {
      if (error instanceof BadCart) answer(400, { error: error.message });
      else {
        onError(error);
        answer(500, { error: 'internal error' });
      }
    }
  });
}
