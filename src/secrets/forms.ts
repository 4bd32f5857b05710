/** The shortest value that is masked: shorter ones would blot out ordinary text. CircleCI draws the same line. */
const shortestValue = 4;
/** A line of a multi-line secret is masked by itself from this length on. */
const shortestLine = 8;
/** An encoded form shorter than this would match by accident. */
const shortestForm = 6;

const plainWords = new Set(['true', 'false', 'null', 'none', 'undefined']);

/**
 * Every way a secret may come out of a program: as it is, line by line, base64 at all three alignments (also wrapped
 * at 64 and 76 columns), URL, JSON, hex, shell-quoted, XML, and with other line ends. Pure; forms are distinct.
 */
export function formsOf(value: string): string[] {
  const forms = new Set<string>();
  const wholes = new Set([value, value.trim(), unquoted(value.trim())]);
  for (const whole of wholes) {
    if (whole.length < shortestValue || plainWords.has(whole.toLowerCase())) continue;
    for (const form of rawForms(whole)) forms.add(form);
    for (const form of encodedForms(whole)) if (form.length >= Math.min(shortestForm, whole.length)) forms.add(form);
    for (const form of base64Forms(whole)) if (form.length >= shortestForm) forms.add(form);
  }
  return [...forms];
}

function unquoted(text: string): string {
  return /^(["']).*\1$/s.test(text) ? text.slice(1, -1) : text;
}

/**
 * A multi-line secret is masked line by line, so that the line structure of the log survives; only when every line is
 * too short is it masked as a whole.
 */
function rawForms(value: string): string[] {
  if (!/[\r\n]/.test(value)) return [value];
  const lines = value
    .split(/\r\n|\r|\n/)
    .map((line) => line.trim())
    .filter((line) => line.length >= shortestLine);
  if (lines.length > 0) return lines.flatMap((line) => [line, ...encodedForms(line)]);
  const withLf = value.replace(/\r\n|\r/g, '\n');
  // An unquoted `echo $VALUE` joins the lines with blanks.
  return [withLf, withLf.replaceAll('\n', '\r\n'), withLf.replaceAll('\n', ' ')];
}

function encodedForms(value: string): string[] {
  const json = JSON.stringify(value).slice(1, -1);
  const uri = encodeURIComponent(toWellFormed(value));
  const strictUri = uri.replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
  const bytes = Buffer.from(value);
  const hex = bytes.toString('hex');
  return [
    json,
    json.replaceAll('/', '\\/'),
    json.replace(/[\u007f-\uffff]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`),
    uri,
    strictUri,
    lowerPercent(uri),
    lowerPercent(strictUri),
    strictUri.replaceAll('%20', '+'),
    encodeURI(toWellFormed(value)),
    hex,
    hex.toUpperCase(),
    // 'it'\''s', it\'s and "a\$b": single quotes, printf %q, double quotes.
    value.replaceAll("'", "'\\''"),
    value.replaceAll("'", `'"'"'`),
    value.replace(/[^\w@%+=:,./\n-]/g, '\\$&'),
    value.replace(/[$`"\\]/g, '\\$&'),
    value.replaceAll('\\', '\\\\').replaceAll("'", "\\'").replaceAll('\n', '\\n'),
    // PowerShell doubles quotes.
    value.replaceAll("'", "''"),
    value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;'),
    value
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;')
      .replaceAll('"', '&quot;')
      .replaceAll("'", '&#39;'),
    // Only what stays on one line: the log's own line structure is not a secret.
  ].filter((form) => !/[\r\n]/.test(form));
}

const lowerPercent = (text: string): string => text.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase());

/** A lone surrogate has no UTF-8 form and would make encodeURIComponent throw. */
function toWellFormed(text: string): string {
  return Buffer.from(text).toString('utf8');
}

function base64Forms(value: string): string[] {
  const bytes = Buffer.from(value);
  const whole = bytes.toString('base64');
  const forms = [whole, whole.replace(/=+$/, '')];
  // At alignment k, the first k bytes of a group belong to whatever stands before: only characters made of the
  // secret's bits alone can be known.
  for (const before of [0, 1, 2]) {
    const text = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64');
    const first = Math.ceil((before * 8) / 6);
    const end = Math.floor(((before + bytes.length) * 8) / 6);
    forms.push(text.slice(first, end));
  }
  for (const width of [64, 76]) {
    if (whole.length <= width) continue;
    for (let start = 0; start < whole.length; start += width) {
      const piece = whole.slice(start, start + width);
      if (piece.length >= shortestLine) forms.push(piece);
    }
  }
  return forms.flatMap((form) => [form, form.replaceAll('+', '-').replaceAll('/', '_')]);
}
