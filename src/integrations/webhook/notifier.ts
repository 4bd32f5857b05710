import { createHmac } from 'node:crypto';
import { lookup } from 'node:dns';
import http from 'node:http';
import https from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import type { ChannelSettings, DeliveryOutcome, Message, Notifier } from '../../alerts/port.ts';
import { isPrivateAddress } from './private-address.ts';

const timeoutMs = 10_000;
const mostAnswerBytes = 2000;

/** A target that this channel may not call. */
class RefusedTarget extends Error {
  override readonly name = 'RefusedTarget';
}

/**
 * Posts JSON to a URL. Signed with `Millrace-Signature: t=<unix seconds>,v1=<hex>`, the HMAC-SHA256 of `<t>.<body>`;
 * `Millrace-Delivery` is the same at every attempt. Redirects are not followed, and the address that was checked is the one connected to.
 */
export function webhookNotifier(): Notifier {
  return {
    kind: 'webhook',
    async send(settings, message, signal): Promise<DeliveryOutcome> {
      if (settings.kind !== 'webhook') throw new Error('a webhook notifier was given another channel');
      const { id, subject, text, at, payload } = message;
      const body = JSON.stringify({ id, subject, text, at: new Date(at).toISOString(), ...payload });
      const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
      try {
        return await post(new URL(message.to), body, message, settings, limit);
      } catch (error) {
        const { message: words } = error as Error;
        if (error instanceof RefusedTarget) return { delivered: false, permanent: true, detail: words };
        return {
          delivered: false,
          permanent: false,
          detail: limit.aborted ? `No answer within ${timeoutMs} ms` : words,
        };
      }
    },
  };
}

/** The header's value for a body sent at `seconds`. */
export function signatureOf(secret: string, seconds: number, body: string): string {
  return `t=${seconds},v1=${createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex')}`;
}

/** Resolves names, refusing private addresses, so that what is checked is what is connected to. */
const publicOnly: LookupFunction = (hostname, options, callback) => {
  lookup(hostname, { ...options, all: true }, (error, addresses) => {
    if (error) return callback(error, '', 0);
    const refused = addresses.find(({ address }) => isPrivateAddress(address));
    if (refused) return callback(refusal(`${hostname} (${refused.address})`), '', 0);
    const first = addresses[0]!;
    if (options.all) callback(null, addresses);
    else callback(null, first.address, first.family);
  });
};

const refusal = (target: string): RefusedTarget =>
  new RefusedTarget(`${target} is a private address; allow private targets in the channel if this is meant`);

function post(
  url: URL,
  body: string,
  message: Message,
  settings: Extract<ChannelSettings, { kind: 'webhook' }>,
  signal: AbortSignal,
): Promise<DeliveryOutcome> {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const open = settings.allowPrivateTargets;
  if (!open && isIP(host) !== 0 && isPrivateAddress(host)) return Promise.reject(refusal(host));
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    'user-agent': 'millrace-webhook',
    'millrace-delivery': message.id,
  };
  if (settings.secret !== null) {
    headers['millrace-signature'] = signatureOf(settings.secret, Math.floor(Date.now() / 1000), body);
  }
  return new Promise((resolve, reject) => {
    const request = (url.protocol === 'https:' ? https : http).request(
      url,
      { method: 'POST', headers, agent: false, signal, ...(open ? {} : { lookup: publicOnly }) },
      (response) => {
        let answer = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          if (answer.length < mostAnswerBytes) answer += chunk.slice(0, mostAnswerBytes - answer.length);
          else response.destroy();
        });
        response.once('error', () => {});
        response.once('close', () => resolve(outcomeOf(response.statusCode ?? 0, answer)));
      },
    );
    request.once('error', reject);
    request.end(body);
  });
}

function outcomeOf(status: number, answer: string): DeliveryOutcome {
  const detail = `HTTP ${status}${answer.trim() === '' ? '' : `: ${answer.trim().slice(0, 300)}`}`;
  if (status >= 200 && status < 300) return { delivered: true, detail };
  const passing = status >= 500 || status === 408 || status === 425 || status === 429;
  return { delivered: false, permanent: !passing, detail };
}
