/** What stands for a value that was taken out. */
export const filtered = '[Filtered]';

const secretWords =
  /passw|passphrase|secret|api[-_]?key|apikey|authorization|credential|bearer|private[-_]?key|access[-_]?key|mysql_pwd|session[-_]?id|sessionid|csrf|xsrf|set-cookie|^cookies?$|^auth$|(^|[-_.])(token|pwd|jwt)s?$|^(x-)?(auth|access|refresh|id)[-_]?token/i;

/** Whether a value under this name is likely a secret (headers, variables, form fields, query parameters). */
export function isSecretName(name: string): boolean {
  return secretWords.test(name);
}

// Cards begin with 2 to 6; times in milliseconds do not.
const card = /\b[2-6](?:[ -]?\d){12,18}\b/g;
const userInfo = /\b([a-z][a-z0-9+.-]*:\/\/)[^\s:@/]*:[^\s@/]+@/gi;
const bearer = /\b(bearer|basic)\s+[a-z0-9._~+/=-]{8,}/gi;
const privateKey = /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(-----END [A-Z ]*PRIVATE KEY-----|$)/g;
const suspicious = /\d{4}[ -]?\d{4}|:\/\/[^\s/]*@|bearer|basic|PRIVATE KEY/i;

/** Takes card numbers (with a right check digit), passwords in URLs, bearer tokens and private keys out of a text. */
export function scrubText(text: string): string {
  // One cheap look first: nearly every text is clean.
  if (!suspicious.test(text)) return text;
  return text
    .replace(userInfo, `$1${filtered}@`)
    .replace(bearer, `$1 ${filtered}`)
    .replace(privateKey, filtered)
    .replace(card, (digits) => (passesLuhn(digits) ? filtered : digits));
}

function passesLuhn(written: string): boolean {
  const digits = written.replace(/\D/g, '');
  let sum = 0;
  for (let index = 0; index < digits.length; index += 1) {
    let digit = digits.charCodeAt(digits.length - 1 - index) - 48;
    if (index % 2 === 1) {
      digit *= 2;
      if (digit > 9) digit -= 9;
    }
    sum += digit;
  }
  return sum % 10 === 0;
}

/** Secrets out of a query string, its other parameters as they were. */
export function scrubQuery(query: string): string {
  return query.replace(/([^&=?;]+)=([^&;]*)/g, (whole, name: string) =>
    isSecretName(name) ? `${name}=${filtered}` : whole,
  );
}

const hint = /passw|pwd|passphrase|secret|key|auth|credential|bearer|token|jwt|cookie|csrf|xsrf|session/i;
const member = /"([^"\\]{1,64})"(\s*:\s*)("(?:[^"\\]|\\.)*"|-?\d[\d.]*)/g;
const assigned = /([\w.-]{1,64})(=)("[^"]*"|'[^']*'|[^\s&,;"'[\](){}]+)/g;
const told =
  /\b([\w-]{0,32}(?:passw(?:or)?d|passphrase|pwd|api[-_]?key|private[-_]?key|access[-_]?key|set-cookie))(: ?)("[^"]*"|[^\s,;"]+)/gi;

/** Values under secret names out of a line of text: of JSON in it, of `name=value`, and of `password: value`. */
export function scrubPairs(line: string): string {
  if (!hint.test(line)) return line;
  return line
    .replace(member, (whole, name: string, colon: string) =>
      isSecretName(name) ? `"${name}"${colon}"${filtered}"` : whole,
    )
    .replace(assigned, (whole, name: string) => (isSecretName(name) ? `${name}=${filtered}` : whole))
    .replace(told, `$1$2${filtered}`);
}

const address = /[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+/g;

/** Addresses of mail out of a text. */
export function scrubMailAddresses(text: string): string {
  return text.includes('@') ? text.replace(address, filtered) : text;
}

/** A copy of a JSON value with the values under secret names taken out, to a depth of 8. */
export function scrubValue(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return scrubText(value);
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= 8) return '\u2026';
  if (Array.isArray(value)) return value.map((item) => scrubValue(item, depth + 1));
  const copy: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value)) {
    copy[key] = isSecretName(key) && item !== null ? filtered : scrubValue(item, depth + 1);
  }
  return copy;
}
