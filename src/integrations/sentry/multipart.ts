import { intakeLimits as limits } from './limits.ts';

/** One part of a multipart/form-data body. */
export interface Part {
  name: string;
  filename: string | null;
  contentType: string | null;
  /** A view into the body. */
  body: Buffer;
}

const lineEnd = Buffer.from('\r\n');
const blankLine = Buffer.from('\r\n\r\n');

/** Takes a multipart body apart (RFC 7578); null when it is none or has too many parts. Never throws; bodies are views. */
export function parseMultipart(body: Buffer, contentType: string | undefined): Part[] | null {
  const boundary = /boundary=(?:"([^"]{1,200})"|([^;\s]{1,200}))/i.exec(contentType ?? '');
  const mark = boundary?.[1] ?? boundary?.[2];
  if (!mark || !/^multipart\/form-data/i.test(contentType ?? '')) return null;
  const delimiter = Buffer.from(`--${mark}`);
  const parts: Part[] = [];
  let at = body.indexOf(delimiter);
  while (at >= 0) {
    const from = at + delimiter.length;
    // Two dashes after the boundary end the body.
    if (body[from] === 45 && body[from + 1] === 45) return parts;
    const start = body.indexOf(lineEnd, from);
    const blank = start < 0 ? -1 : body.indexOf(blankLine, start);
    if (blank < 0) return null;
    const next = body.indexOf(Buffer.concat([lineEnd, delimiter]), blank + 2);
    if (next < 0) return null;
    if (parts.length >= limits.parts || blank - start > limits.headerLineBytes) return null;
    const headers = headersOf(body.toString('utf8', start + 2, blank + 2));
    const disposition = headers.get('content-disposition') ?? '';
    parts.push({
      name: parameter(disposition, 'name') ?? '',
      filename: parameter(disposition, 'filename'),
      contentType: headers.get('content-type') ?? null,
      body: body.subarray(blank + 4, Math.max(blank + 4, next)),
    });
    at = next + 2;
  }
  return null;
}

function headersOf(text: string): Map<string, string> {
  const headers = new Map<string, string>();
  for (const line of text.split('\r\n')) {
    const colon = line.indexOf(':');
    if (colon > 0) headers.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim());
  }
  return headers;
}

function parameter(header: string, name: string): string | null {
  const found = new RegExp(`(?:^|;)\\s*${name}=(?:"((?:[^"\\\\]|\\\\.)*)"|([^;\\s]*))`, 'i').exec(header);
  return found ? (found[1]?.replace(/\\(.)/g, '$1') ?? found[2] ?? '') : null;
}
