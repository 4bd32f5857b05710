import { filtered, isSecretName, scrubMailAddresses, scrubPairs, scrubText } from '../../kernel/scrub.ts';
import { compileScrubRules, type ScrubRules } from '../../kernel/scrub-rules.ts';
import type { IntakeRecord } from '../port.ts';

/** What is taken out of a project's records before they are kept. */
export interface Scrubbing extends ScrubRules {
  /** Card numbers, keys, passwords in addresses of the web, and whatever stands under the name of a secret. */
  standard: boolean;
  /** Addresses of mail. */
  emails: boolean;
}

export const defaultScrubbing: Scrubbing = { standard: true, emails: false, fields: [], patterns: [] };

export type RecordScrubber = (record: IntakeRecord) => IntakeRecord;

/** What a record is found by: never a text of a person's. */
const untouched = new Set([
  'service',
  'environment',
  'release',
  'host',
  'level',
  'traceId',
  'spanId',
  'parentId',
  'kind',
]);
/** A visit of a page and counts of words, though they are called like secrets. */
const innocent = /^session[._]?id$|tokens$/i;

/** Compiles what a project wants; null when nothing is taken out. Points of metrics pass: their labels name series. */
export function recordScrubber(settings: Scrubbing): RecordScrubber | null {
  const own = settings.fields.length + settings.patterns.length > 0 ? compileScrubRules(settings) : null;
  if (!own && !settings.standard && !settings.emails) return null;
  // Names come again and again; what was decided of one is kept, within a bound.
  const decided = new Map<string, boolean>();
  const isSecret = (name: string): boolean => {
    let secret = decided.get(name);
    if (secret === undefined) {
      secret = (settings.standard && isSecretName(name) && !innocent.test(name)) || (own?.named(name) ?? false);
      if (decided.size >= 5000) decided.clear();
      decided.set(name, secret);
    }
    return secret;
  };
  const clean = (text: string): string => {
    let done = settings.standard ? scrubPairs(scrubText(text)) : text;
    if (settings.emails) done = scrubMailAddresses(done);
    return own ? own.structured(done) : done;
  };
  return (record) => {
    if (record.type === 'Metric') return record;
    let attributes: IntakeRecord['attributes'] | undefined;
    for (const [name, value] of Object.entries(record.attributes)) {
      if (untouched.has(name) || typeof value === 'boolean' || value === null || value === undefined) continue;
      const kept = isSecret(name) ? filtered : typeof value === 'string' ? clean(value) : value;
      if (kept === value) continue;
      attributes ??= { ...record.attributes };
      attributes[name] = kept;
    }
    return attributes ? { ...record, attributes } : record;
  };
}
