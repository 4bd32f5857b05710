import { request } from 'node:http';

/** One request of a visit. Forms are sent as browsers do; `{{csrf}}` is filled from the visit's cookie. */
export interface VisitRequest {
  method: 'GET' | 'POST';
  path: string;
  form?: Record<string, string>;
}

export interface Visit {
  name: string;
  requests: VisitRequest[];
}

export interface Traffic {
  requests: number;
  /** Answers of 500 and above, and requests that got none. */
  failed: number;
  stop(): Promise<void>;
}

interface Answer {
  status: number;
  cookies: string[];
}

const requestTimeoutMs = 10_000;

/** Names below `localhost` are this machine to browsers, not to every resolver: ask by address and name the host. */
function ask(gatewayUrl: string, host: string, one: VisitRequest, cookies: Map<string, string>): Promise<Answer> {
  const gateway = new URL(gatewayUrl);
  const body = one.form
    ? new URLSearchParams(
        Object.entries(one.form).map(([key, value]): [string, string] => [
          key,
          value.replace('{{csrf}}', cookies.get('csrftoken') ?? ''),
        ]),
      ).toString()
    : undefined;
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        host: '127.0.0.1',
        port: gateway.port,
        method: one.method,
        path: one.path,
        timeout: requestTimeoutMs,
        headers: {
          host: `${host}:${gateway.port}`,
          'user-agent': 'millrace-demo-visitor',
          cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; '),
          ...(body === undefined
            ? {}
            : {
                'content-type': 'application/x-www-form-urlencoded',
                'content-length': Buffer.byteLength(body),
                origin: `http://${host}:${gateway.port}`,
                referer: `http://${host}:${gateway.port}/`,
              }),
        },
      },
      (response) => {
        response.resume();
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, cookies: response.headers['set-cookie'] ?? [] }),
        );
        response.on('error', reject);
      },
    );
    outgoing.on('timeout', () => outgoing.destroy(new Error('no answer in time')));
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

/** Lets visitors come through the gateway, one visit after another in each of `visitors` browsers, until stopped. */
export function letVisitorsIn(options: {
  gatewayUrl: string;
  host: string;
  visits: Visit[];
  visitors: number;
  /** Between two requests of one visitor. */
  pauseMs: number;
}): Traffic {
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
      const visit = options.visits[turn % options.visits.length]!;
      const cookies = new Map<string, string>();
      for (const one of visit.requests) {
        if (!open) return;
        traffic.requests += 1;
        try {
          const answer = await ask(options.gatewayUrl, options.host, one, cookies);
          if (answer.status >= 500) traffic.failed += 1;
          for (const cookie of answer.cookies) {
            const [, name, value] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
            if (name) cookies.set(name, value ?? '');
          }
        } catch {
          traffic.failed += 1;
        }
        await new Promise((resolve) => setTimeout(resolve, options.pauseMs));
      }
    }
  };
  const browsers = Array.from({ length: options.visitors }, (_, index) => browse(index));
  return traffic;
}
