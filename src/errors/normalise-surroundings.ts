import { filtered, isSecretName, scrubQuery, scrubText, scrubValue } from '../kernel/scrub.ts';
import { displayOf, objectOf, pairsOf, textOf, timeOf, valuesOf } from './lenient.ts';
import { eventLimits as limits } from './limits.ts';
import type { Breadcrumb, ErrorLevel, ErrorReport } from './report.ts';

type Note = (text: string) => void;

const levels: Record<string, ErrorLevel> = {
  fatal: 'fatal',
  critical: 'fatal',
  error: 'error',
  warning: 'warning',
  warn: 'warning',
  info: 'info',
  log: 'info',
  debug: 'debug',
  trace: 'debug',
};

export function levelOf(value: unknown, otherwise: ErrorLevel): ErrorLevel {
  return (typeof value === 'string' && levels[value.toLowerCase()]) || otherwise;
}

/** Pairs as text, secrets taken out by name and by look, each value cut to `max`. */
export function readPairs(value: unknown, count: number, max: number): [string, string][] {
  const pairs: [string, string][] = [];
  for (const [name, item] of pairsOf(value, count)) {
    if (item === null || item === undefined) continue;
    const key = textOf(name, limits.name);
    if (key === null) continue;
    const shown = isSecretName(name)
      ? filtered
      : scrubText(displayOf(typeof item === 'object' ? scrubValue(item) : item, max));
    pairs.push([key, shown]);
  }
  return pairs;
}

/** Tags of a map or of pairs; those without a value are left out. */
export function readTags(value: unknown): [string, string][] {
  const tags: [string, string][] = [];
  for (const [name, item] of pairsOf(value, limits.tags)) {
    const key = textOf(name, limits.tagKey)?.trim();
    const text = textOf(item, limits.tagValue);
    if (key && text !== null) tags.push([key, isSecretName(key) ? filtered : scrubText(text.replaceAll('\n', ' '))]);
  }
  return tags;
}

/** The steps before the error, oldest first; the latest are kept. Both shapes are sent: a list, and an object of `values`. */
export function readBreadcrumbs(value: unknown, note: Note): Breadcrumb[] {
  const all = valuesOf(value).filter((item) => objectOf(item) !== null);
  if (all.length > limits.breadcrumbs) note(`breadcrumbs: the oldest ${all.length - limits.breadcrumbs} left out`);
  return all.slice(-limits.breadcrumbs).map((item) => {
    const crumb = objectOf(item)!;
    const message = textOf(crumb.message, limits.breadcrumbValue);
    return {
      at: timeOf(crumb.timestamp),
      type: textOf(crumb.type, 64) ?? 'default',
      category: textOf(crumb.category, 128),
      level: levelOf(crumb.level, 'info'),
      message: message === null ? null : scrubText(message),
      data: readPairs(crumb.data, limits.breadcrumbData, limits.breadcrumbValue),
    };
  });
}

/** The request being served; cookies are not kept. */
export function readRequest(value: unknown): ErrorReport['request'] {
  const request = objectOf(value);
  if (!request) return null;
  const written = textOf(request.url, limits.path);
  const cut = written?.indexOf('?') ?? -1;
  const url = written && cut >= 0 ? written.slice(0, cut) : written;
  const query =
    request.query_string === null || request.query_string === undefined
      ? written && cut >= 0
        ? written.slice(cut + 1)
        : null
      : typeof request.query_string === 'string'
        ? textOf(request.query_string, limits.path)
        : pairsOf(request.query_string, limits.headers)
            .map(([name, item]) => `${name}=${displayOf(scrubValue(item), limits.header)}`)
            .join('&');
  const body =
    request.data === null || request.data === undefined ? null : displayOf(scrubValue(request.data), limits.body);
  return {
    method: textOf(request.method, 32),
    url: url === null ? null : scrubText(url),
    query: query ? scrubQuery(query) : null,
    headers: readPairs(request.headers, limits.headers, limits.header),
    body: body === '' ? null : body && scrubQuery(body),
  };
}

/** Who it happened to. An address is kept only when the client names one, or asks for the sender's (`{{auto}}`). */
export function readUser(value: unknown, remoteAddress: string | undefined): [string, string][] {
  const user: [string, string][] = [];
  for (const [key, text] of readPairs(value, 20, limits.tagValue)) {
    if (key === 'ip_address' && text === '{{auto}}') {
      if (remoteAddress) user.push([key, plainAddress(remoteAddress)]);
    } else if (key === 'ip_address') user.push([key, plainAddress(text)]);
    else if (text !== '' && text !== '{}') user.push([key, text]);
  }
  return user;
}

/** An IPv4 address that came wrapped as IPv6, unwrapped. */
const plainAddress = (address: string): string => address.replace(/^::ffff:(?=\d+\.)/i, '');

/** Named groups of facts about the surroundings (runtime, system, device, and the application's own). */
export function readContexts(value: unknown): [string, [string, string][]][] {
  const contexts: [string, [string, string][]][] = [];
  for (const [name, item] of pairsOf(value, limits.contexts)) {
    const fields = readPairs(item, limits.contextFields, limits.contextValue)
      .filter(([key]) => key !== 'type')
      .map(([key, text]): [string, string] => [key, text.trim()]);
    if (fields.length > 0) contexts.push([textOf(name, limits.name) ?? '', fields]);
  }
  return contexts;
}

/** Names under which tools dump the whole process environment, credentials included. */
const environmentDumps = new Set(['environ', 'env', 'environment_variables', 'process.env', 'os.environ']);

/** The application's own additions; a dump of the process environment is not kept. */
export function readExtra(value: unknown, note: Note): [string, string][] {
  const kept = pairsOf(value, limits.extra).filter(([name, item]) => {
    const isDump = environmentDumps.has(name.toLowerCase()) && typeof item === 'object';
    if (isDump) note(`extra.${name}: a copy of the process environment is not kept`);
    return !isDump;
  });
  return readPairs(kept, limits.extra, limits.extraValue);
}
