import { request } from 'node:http';

/** What visitors of an application do, as `examples/django-shop-traffic.json` describes it. */
export interface VisitorHabits {
  csrf: { cookie: string; header: string };
  /** `{sku}` in a path is one of these, the same within a visit. */
  skus: string[];
  visits: { name: string; weight: number; requests: VisitRequest[] }[];
}

interface VisitRequest {
  method: 'GET' | 'POST';
  path: string;
  form?: Record<string, string>;
}

export interface Traffic {
  requests: number;
  /** Answers of 500 and above, and requests that got none. */
  failed: number;
  stop(): Promise<void>;
}

interface Answer {
  status: number;
  location: string | undefined;
  cookies: string[];
}

const requestTimeoutMs = 10_000;
const mostRedirects = 5;

interface Browser {
  gatewayUrl: string;
  host: string;
  csrf: VisitorHabits['csrf'];
  cookies: Map<string, string>;
}

/** Names below `localhost` are this machine to browsers, not to every resolver: ask by address and name the host. */
function ask(browser: Browser, one: VisitRequest): Promise<Answer> {
  const { port } = new URL(browser.gatewayUrl);
  const host = `${browser.host}:${port}`;
  const body = one.method === 'POST' ? new URLSearchParams(one.form ?? {}).toString() : undefined;
  const headers: Record<string, string> = {
    host,
    'user-agent': 'millrace-demo-visitor',
    cookie: [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; '),
  };
  if (body !== undefined) {
    headers['content-type'] = 'application/x-www-form-urlencoded';
    headers['content-length'] = String(Buffer.byteLength(body));
    headers.origin = `http://${host}`;
    headers.referer = `http://${host}/`;
    headers[browser.csrf.header] = browser.cookies.get(browser.csrf.cookie) ?? '';
  }
  const options = { host: '127.0.0.1', port, method: one.method, path: one.path, timeout: requestTimeoutMs, headers };
  return new Promise((resolve, reject) => {
    const outgoing = request(options, (response) => {
      response.resume();
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          location: response.headers.location,
          cookies: response.headers['set-cookie'] ?? [],
        }),
      );
      response.on('error', reject);
    });
    outgoing.on('timeout', () => outgoing.destroy(new Error('no answer in time')));
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

/** One request with the redirects that follow it. */
async function click(browser: Browser, one: VisitRequest, traffic: Traffic): Promise<void> {
  let next: VisitRequest | undefined = one;
  for (let hop = 0; next && hop <= mostRedirects; hop += 1) {
    traffic.requests += 1;
    const answer: Answer = await ask(browser, next);
    if (answer.status >= 500) traffic.failed += 1;
    for (const cookie of answer.cookies) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
      if (name) browser.cookies.set(name, value ?? '');
    }
    const follow = answer.status >= 300 && answer.status < 400 && answer.location?.startsWith('/');
    next = follow ? { method: 'GET', path: answer.location! } : undefined;
  }
}

/** Lets visitors come through the gateway, one visit after another in each of `visitors` browsers, until stopped. */
export function letVisitorsIn(options: {
  gatewayUrl: string;
  host: string;
  habits: VisitorHabits;
  visitors: number;
  /** Between two requests of one visitor. */
  pauseMs: number;
}): Traffic {
  const { gatewayUrl, host, habits } = options;
  const visits = habits.visits.flatMap((visit) => Array.from({ length: visit.weight }, () => visit));
  let open = true;
  const traffic: Traffic = {
    requests: 0,
    failed: 0,
    async stop() {
      open = false;
      await Promise.all(browsers);
    },
  };
  const browse = async (first: number): Promise<void> => {
    for (let turn = first; open; turn += 1) {
      const visit = visits[(turn * 7) % visits.length]!;
      const sku = habits.skus[turn % habits.skus.length]!;
      const browser: Browser = { gatewayUrl, host, csrf: habits.csrf, cookies: new Map() };
      for (const one of visit.requests) {
        if (!open) return;
        await click(browser, { ...one, path: one.path.replace('{sku}', sku) }, traffic).catch(() => {
          traffic.failed += 1;
        });
        await new Promise((resolve) => setTimeout(resolve, options.pauseMs));
      }
    }
  };
  const browsers = Array.from({ length: options.visitors }, (_, index) => browse(index));
  return traffic;
}
