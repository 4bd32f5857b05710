import type { MailServer } from '../alerts/index.ts';

const loopback = new Set(['localhost', '127.0.0.1', '[::1]']);

/**
 * The mail server of `smtp://` or `smtps://user:password@host:port`. A password never travels in the clear to another machine: with one,
 * `smtp://` means STARTTLS or nothing. `wrong` hears of an address that cannot be used; undefined then, and when there is none.
 */
export function mailServerOf(
  text: string | undefined,
  from: string,
  wrong: (name: string, message: string, hint: string) => void,
): MailServer | undefined {
  if (!text) return undefined;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !['smtp:', 'smtps:'].includes(url.protocol) || url.hostname === '') {
    // The address may hold a password, so it is not repeated.
    wrong('MILLRACE_SMTP_URL', 'This is not the address of a mail server', 'Write smtp://user:password@host:587.');
    return undefined;
  }
  const implicit = url.protocol === 'smtps:';
  const username = decodeURIComponent(url.username) || null;
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: Number(url.port) || (implicit ? 465 : 587),
    tls: implicit ? 'implicit' : username !== null && !loopback.has(url.hostname) ? 'starttls' : 'opportunistic',
    username,
    password: username === null ? null : decodeURIComponent(url.password),
    from,
  };
}
