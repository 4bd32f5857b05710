import { RE2JS } from 're2js';
import type { ErrorReport, ReportedException, ReportedFrame } from '../report.ts';
import { filtered } from '../scrub.ts';

/** What a project wants taken out besides what always is. */
export interface ScrubSettings {
  /** Values under names that contain one of these, in whatever case. */
  fields: string[];
  /** Whatever matches one of these (RE2 syntax), in every text. */
  patterns: string[];
  /** Addresses of users. */
  addresses: boolean;
}

export const noScrubbing: ScrubSettings = { fields: [], patterns: [], addresses: false };

export type Scrubber = (report: ErrorReport) => ErrorReport;

/** Longest text that patterns look through; the rest of a longer one is cut away, so that nothing passes unseen. */
const longest = 32_768;

/** Compiles settings; null when there is nothing to do. Throws what RE2 says of a pattern it cannot read. */
export function scrubberOf(settings: ScrubSettings): Scrubber | null {
  const fields = settings.fields.map((field) => field.toLowerCase()).filter(Boolean);
  const patterns = settings.patterns.map((pattern) => RE2JS.compile(pattern));
  if (fields.length + patterns.length === 0 && !settings.addresses) return null;

  const named = (name: string): boolean => {
    const lower = name.toLowerCase();
    return fields.some((field) => lower.includes(field));
  };
  // Structures are kept as JSON text, forms as pairs: their members are told by name as well.
  const inText = fields.map((field) => ({
    json: RE2JS.compile(
      `("[^"]*${RE2JS.quote(field)}[^"]*"\\s*:\\s*)("(?:[^"\\\\]|\\\\.)*"|[^,}\\]\\s]+)`,
      RE2JS.CASE_INSENSITIVE,
    ),
    form: RE2JS.compile(`((?:^|[&?;])[^=&;]*${RE2JS.quote(field)}[^=&;]*=)[^&;]*`, RE2JS.CASE_INSENSITIVE),
  }));
  const text = (value: string): string => {
    let clean = value.slice(0, longest);
    for (const pattern of patterns) clean = pattern.matcher(clean).replaceAll(filtered.replaceAll('$', '\\$'));
    return clean;
  };
  const structured = (value: string): string => {
    let clean = value;
    for (const { json, form } of inText) {
      clean = json.matcher(clean).replaceAll(`$1"${filtered}"`);
      if (clean.includes('=')) clean = form.matcher(clean).replaceAll(`$1${filtered}`);
    }
    return text(clean);
  };
  const pair = ([name, value]: [string, string]): [string, string] => [
    name,
    named(name) ? filtered : structured(value),
  ];
  const maybe = (value: string | null): string | null => (value === null ? null : text(value));
  const frame = (one: ReportedFrame): ReportedFrame => ({ ...one, variables: one.variables.map(pair) });
  const exception = (one: ReportedException): ReportedException => ({
    ...one,
    value: maybe(one.value),
    frames: one.frames?.map(frame) ?? null,
  });
  return (report) => ({
    ...report,
    message: report.message && { text: text(report.message.text), template: maybe(report.message.template) },
    exceptions: report.exceptions.map(exception),
    frames: report.frames?.map(frame) ?? null,
    breadcrumbs: report.breadcrumbs.map((crumb) => ({
      ...crumb,
      message: maybe(crumb.message),
      data: crumb.data.map(pair),
    })),
    tags: report.tags.map(pair),
    user: report.user.filter(([name]) => !(settings.addresses && name === 'ip_address')).map(pair),
    request: report.request && {
      ...report.request,
      url: maybe(report.request.url),
      query: report.request.query && structured(report.request.query),
      headers: report.request.headers.map(pair),
      body: report.request.body && structured(report.request.body),
    },
    contexts: report.contexts.map(([name, values]) => [name, values.map(pair)]),
    extra: report.extra.map(pair),
  });
}
