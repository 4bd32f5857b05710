import { RE2JS } from 're2js';
import { filtered } from './scrub.ts';

/** What a project wants taken out besides what always is. */
export interface ScrubRules {
  /** Values under names that contain one of these, in whatever case. */
  fields: string[];
  /** Whatever matches one of these (RE2 syntax), in every text. */
  patterns: string[];
}

/** Rules made ready. */
export interface RuledScrub {
  /** Whether what stands under this name is taken out. */
  named(name: string): boolean;
  /** A text without what the patterns match. */
  text(value: string): string;
  /** The same, without members of JSON and of forms in it that are named. */
  structured(value: string): string;
}

/** Longest text that patterns look through; the rest of a longer one is cut away, so that nothing passes unseen. */
const longest = 32_768;

/** Makes rules ready. Throws what RE2 says of a pattern it cannot read. */
export function compileScrubRules(rules: ScrubRules): RuledScrub {
  const fields = rules.fields.map((field) => field.toLowerCase()).filter(Boolean);
  const patterns = rules.patterns.map((pattern) => RE2JS.compile(pattern));
  // Structures are kept as JSON text, forms as pairs: their members are told by name as well.
  const inText = fields.map((field) => ({
    json: RE2JS.compile(
      `("[^"]*${RE2JS.quote(field)}[^"]*"\\s*:\\s*)("(?:[^"\\\\]|\\\\.)*"|[^,}\\]\\s]+)`,
      RE2JS.CASE_INSENSITIVE,
    ),
    form: RE2JS.compile(`((?:^|[&?;])[^=&;]*${RE2JS.quote(field)}[^=&;]*=)[^&;]*`, RE2JS.CASE_INSENSITIVE),
  }));
  const text = (value: string): string => {
    if (patterns.length === 0) return value;
    let clean = value.slice(0, longest);
    for (const pattern of patterns) clean = pattern.matcher(clean).replaceAll(filtered.replaceAll('$', '\\$'));
    return clean;
  };
  return {
    named(name) {
      const lower = name.toLowerCase();
      return fields.some((field) => lower.includes(field));
    },
    text,
    structured(value) {
      let clean = value;
      for (const { json, form } of inText) {
        clean = json.matcher(clean).replaceAll(`$1"${filtered}"`);
        if (clean.includes('=')) clean = form.matcher(clean).replaceAll(`$1${filtered}`);
      }
      return text(clean);
    },
  };
}

/** The first pattern that cannot be read, and what RE2 says of it. */
export function badPattern(patterns: readonly string[]): { pattern: string; why: string } | undefined {
  for (const pattern of patterns) {
    try {
      RE2JS.compile(pattern);
    } catch (cause) {
      return { pattern, why: `Patterns are in RE2 syntax, which has no look-around. ${(cause as Error).message}` };
    }
  }
  return undefined;
}
