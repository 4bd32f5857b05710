import type { IncomingMessage, ServerResponse } from 'node:http';

const titles: Record<number, string> = {
  404: 'Nothing is deployed here',
  502: 'The application could not answer',
  503: 'The application is not running',
  504: 'The application did not answer in time',
};

const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (letter) => `&#${letter.charCodeAt(0)};`);

/** Answers in the gateway's own name. `detail` says what is wrong in a sentence a visitor may read. */
export function answerItself(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  code: string,
  detail: string,
): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const title = titles[status] ?? 'The request failed';
  const wantsHtml = (request.headers.accept ?? '').includes('text/html');
  const body = wantsHtml
    ? `<!doctype html><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title}</title>` +
      '<style>body{font:16px/1.5 system-ui,sans-serif;max-width:36rem;margin:15vh auto;padding:0 1rem;color-scheme:light dark}' +
      `small{opacity:.65}</style><h1>${title}</h1><p>${escapeHtml(detail)}</p><small>Millrace gateway · ${status} · ${code}</small>`
    : JSON.stringify({ type: `urn:millrace:${code}`, title, status, detail, code });
  response.writeHead(status, {
    'content-type': wantsHtml ? 'text/html; charset=utf-8' : 'application/problem+json',
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    ...(status === 503 ? { 'retry-after': '2' } : {}),
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}
