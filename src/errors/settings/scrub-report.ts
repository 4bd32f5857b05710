import { filtered } from '../../kernel/scrub.ts';
import { compileScrubRules, type ScrubRules } from '../../kernel/scrub-rules.ts';
import type { ErrorReport, ReportedException, ReportedFrame } from '../report.ts';

/** What a project wants taken out of its events besides what always is. */
export interface ScrubSettings extends ScrubRules {
  /** Addresses of users. */
  addresses: boolean;
}

export const noScrubbing: ScrubSettings = { fields: [], patterns: [], addresses: false };

export type Scrubber = (report: ErrorReport) => ErrorReport;

/** Compiles settings; null when there is nothing to do. Throws what RE2 says of a pattern it cannot read. */
export function scrubberOf(settings: ScrubSettings): Scrubber | null {
  if (settings.fields.length + settings.patterns.length === 0 && !settings.addresses) return null;
  const { named, text, structured } = compileScrubRules(settings);
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
