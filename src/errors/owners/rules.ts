import { globSource } from '../grouping/stack-rules/glob.ts';

/** One line of ownership rules or of a CODEOWNERS file: what it matches, and who owns that. */
export interface OwnershipRule {
  kind: 'path' | 'module' | 'url' | 'tags';
  /** Name of the tag, for `tags`. */
  tag: string | null;
  pattern: RegExp;
  /** As written: `path:src/billing/*`. */
  text: string;
  /** As written: addresses, `@handle`, `#team`. */
  owners: string[];
  source: 'rules' | 'CODEOWNERS';
}

/** What of an event rules look at. */
export interface OwnedThing {
  /** Paths of the application's frames, innermost first. */
  files: string[];
  modules: string[];
  url: string | null;
  tags: [string, string][];
}

export interface RuleProblem {
  line: number;
  message: string;
}

const longestLine = 1000;
const mostRules = 2000;
/** More of them let matching take long. */
const mostWildcards = 8;
const wildcards = (glob: string): number => glob.match(/[*?[{]+/g)?.length ?? 0;

/**
 * Reads ownership rules: one a line, `kind:pattern owner...`, kinds `path`, `module`, `url`, `tags.<name>`; a pattern alone is a path.
 * `#` begins a comment where a line begins.
 */
export function parseOwnership(text: string): { rules: OwnershipRule[]; problems: RuleProblem[] } {
  const rules: OwnershipRule[] = [];
  const problems: RuleProblem[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    const trimmed = line.trim();
    if (trimmed === '' || trimmed.startsWith('#')) continue;
    const problem = (message: string): void => void problems.push({ line: index + 1, message });
    if (trimmed.length > longestLine || rules.length >= mostRules) {
      problem(rules.length >= mostRules ? `there may be ${mostRules} rules` : 'the line is too long');
      continue;
    }
    const [matcher = '', ...owners] = words(trimmed);
    const [, kind = 'path', tag = null, pattern = ''] = /^(?:(path|module|url|tags)(?:\.([\w.-]+))?:)?(.*)$/.exec(
      matcher,
    )!;
    if (pattern === '') problem('a pattern is missing');
    else if (owners.length === 0) problem('an owner is missing');
    else if (wildcards(pattern) > mostWildcards) problem(`there may be ${mostWildcards} wildcards in a pattern`);
    else if ((kind === 'tags') !== (tag !== null)) problem('a tag is written tags.<name>:<pattern>');
    else {
      const isPath = kind === 'path';
      const source = globSource(pattern.replace(/^\//, ''), isPath);
      rules.push({
        kind: kind as OwnershipRule['kind'],
        tag,
        // A path may begin anywhere: clients send it from wherever they stand.
        pattern: new RegExp(isPath ? `(?:^|/)${source}$` : `^${source}$`, 'i'),
        text: matcher,
        owners,
        source: 'rules',
      });
    }
  }
  return { rules, problems };
}

/** Words parted by blanks; quotes hold a word with blanks together. */
const words = (line: string): string[] =>
  (line.match(/(?:"[^"]*"|\S)+/g) ?? []).map((word) => word.replaceAll('"', '')).filter((word) => word !== '');

/** Reads a CODEOWNERS file; lines without an owner take ownership away. What cannot be read is left out, as forges do. */
export function parseCodeowners(text: string): OwnershipRule[] {
  const rules: OwnershipRule[] = [];
  for (const line of text.split('\n').slice(0, 10_000)) {
    const trimmed = line.replace(/(^|\s)#.*$/, '').trim();
    // Sections of GitLab: their headings own nothing by themselves.
    if (trimmed === '' || /^\^?\[/.test(trimmed) || trimmed.length > longestLine) continue;
    const [glob = '', ...owners] = trimmed.split(/\s+/);
    if (rules.length >= mostRules || glob.startsWith('!') || wildcards(glob) > mostWildcards) continue;
    rules.push({ kind: 'path', tag: null, pattern: gitPattern(glob), text: glob, owners, source: 'CODEOWNERS' });
  }
  return rules;
}

/** As `.gitignore` reads a pattern: with a slash inside it begins at the top, and a folder means all that is in it. */
function gitPattern(glob: string): RegExp {
  const anchored = /\/./.test(glob.replace(/\/$/, ''));
  const source = globSource(glob.replace(/^\//, '').replace(/\/$/, '/**'), true);
  const ending = glob.endsWith('/') || glob.endsWith('*') ? '$' : '(?:/[^]*)?$';
  // Paths that clients send may have folders before those of the repository, so "the top" is the beginning of any folder.
  return new RegExp(`${anchored ? '(?:^|/)' : '(?:^|[^]*/)'}${source}${ending}`);
}

/** The rule that owns an event; of several the last one that matches its innermost matching frame. Own rules before CODEOWNERS. */
export function ownerOf(rules: OwnershipRule[], thing: OwnedThing): { rule: OwnershipRule; matched: string } | null {
  for (const source of ['rules', 'CODEOWNERS'] as const) {
    const own = rules.filter((rule) => rule.source === source);
    const found = lastMatch(own, thing);
    if (found) return found.rule.owners.length === 0 ? null : found;
  }
  return null;
}

function lastMatch(rules: OwnershipRule[], thing: OwnedThing): { rule: OwnershipRule; matched: string } | null {
  const others = rules.filter((rule) => rule.kind === 'url' || rule.kind === 'tags');
  for (const rule of others.reverse()) {
    const value = rule.kind === 'url' ? thing.url : (thing.tags.find(([key]) => key === rule.tag)?.[1] ?? null);
    if (value !== null && rule.pattern.test(value)) return { rule, matched: value };
  }
  for (let index = 0; index < Math.max(thing.files.length, thing.modules.length); index += 1) {
    for (const rule of [...rules].reverse()) {
      const value =
        rule.kind === 'path' ? thing.files[index] : rule.kind === 'module' ? thing.modules[index] : undefined;
      if (value !== undefined && rule.pattern.test(value)) return { rule, matched: value };
    }
  }
  return null;
}
