import { globTest } from '../stack-rules/glob.ts';
import { plainWord, type RuleProblem, wordsOf } from '../stack-rules/parse.ts';
import type { FingerprintMatcher, FingerprintRule } from './rule.ts';

const keys: Record<string, { of: FingerprintMatcher['of']; key: string }> = {
  type: { of: 'exception', key: 'type' },
  'error.type': { of: 'exception', key: 'type' },
  value: { of: 'exception', key: 'value' },
  'error.value': { of: 'exception', key: 'value' },
  mechanism: { of: 'exception', key: 'mechanism' },
  'error.mechanism': { of: 'exception', key: 'mechanism' },
  function: { of: 'frame', key: 'function' },
  'stack.function': { of: 'frame', key: 'function' },
  module: { of: 'frame', key: 'module' },
  'stack.module': { of: 'frame', key: 'module' },
  path: { of: 'frame', key: 'path' },
  'stack.abs_path': { of: 'frame', key: 'path' },
  package: { of: 'frame', key: 'package' },
  'stack.package': { of: 'frame', key: 'package' },
  app: { of: 'frame', key: 'app' },
  family: { of: 'event', key: 'family' },
  message: { of: 'event', key: 'message' },
  logger: { of: 'event', key: 'logger' },
  level: { of: 'event', key: 'level' },
  release: { of: 'event', key: 'release' },
  environment: { of: 'event', key: 'environment' },
  transaction: { of: 'event', key: 'transaction' },
  sdk: { of: 'event', key: 'sdk' },
};

/** Texts that people write, so their case is not to be relied on. */
const anyCase = new Set(['message', 'value', 'level']);
const mostRules = 500;

/**
 * Reads fingerprint rules: one a line, conditions, an arrow, the parts of the fingerprint.
 * `error.type:DatabaseError message:"*timed out*" -> database-timeout {{ transaction }} title="The database is slow"`.
 */
export function parseFingerprintRules(
  text: string,
  builtIn = false,
): { rules: FingerprintRule[]; problems: RuleProblem[] } {
  const rules: FingerprintRule[] = [];
  const problems: RuleProblem[] = [];
  text.split(/\r?\n/).forEach((line, index) => {
    if (line.trim() === '' || line.trimStart().startsWith('#')) return;
    const rule = rules.length < mostRules ? readRule(line, builtIn) : `there are more than ${mostRules} rules`;
    if (typeof rule === 'string') problems.push({ line: index + 1, message: rule });
    else rules.push(rule);
  });
  return { rules, problems };
}

function readRule(line: string, builtIn: boolean): FingerprintRule | string {
  // A variable is one word however it is spaced.
  const words = wordsOf(line.replace(/\{\{\s*([\w.-]+)\s*\}\}/g, '{{$1}}'));
  if (typeof words === 'string') return words;
  const arrow = words.indexOf('->');
  if (arrow < 0) return 'an arrow -> before the fingerprint is missing';
  if (arrow === 0) return 'the rule says nothing about where it applies';
  const matchers: FingerprintMatcher[] = [];
  for (const word of words.slice(0, arrow)) {
    const matcher = readMatcher(word);
    if (typeof matcher === 'string') return matcher;
    matchers.push(matcher);
  }
  let title: string | null = null;
  const fingerprint: string[] = [];
  for (const word of words.slice(arrow + 1)) {
    const attribute = /^([a-z]+)=(".*")$/.exec(word);
    if (attribute?.[1] === 'title') title = spaced(plainWord(attribute[2]!));
    else if (attribute) return `there is no attribute named ${attribute[1]}`;
    else
      fingerprint.push(...word.split(/,(?=[^"]*$)/).flatMap((part) => (part === '' ? [] : [spaced(plainWord(part))])));
  }
  if (fingerprint.length === 0) return 'the fingerprint is missing';
  return { matchers, fingerprint, title, text: line.trim(), builtIn };
}

const spaced = (text: string): string => text.replace(/\{\{([\w.-]+)\}\}/g, '{{ $1 }}');

function readMatcher(word: string): FingerprintMatcher | string {
  const negated = word.startsWith('!');
  const body = negated ? word.slice(1) : word;
  const colon = body.indexOf(':');
  if (colon <= 0) return `\`${word}\` is no condition`;
  const name = body.slice(0, colon);
  const known = name.startsWith('tags.') ? { of: 'event' as const, key: name } : keys[name];
  if (!known) return `there is no condition named ${name}`;
  const pattern = plainWord(body.slice(colon + 1));
  if (known.key === 'family') {
    const families = new Set(pattern.split(','));
    return { ...known, negated, test: (value) => families.has(value) || families.has('all') };
  }
  if (known.key === 'app') {
    const wanted = ['1', 'yes', 'true'].includes(pattern) ? 'yes' : 'no';
    return { ...known, negated, test: (value) => value === wanted };
  }
  const isPath = known.key === 'path' || known.key === 'package';
  const test = globTest([isPath ? pattern.replaceAll('\\', '/') : pattern], {
    isPath,
    ignoreCase: isPath || anyCase.has(known.key),
  });
  if (!test) return `\`${pattern}\` is no pattern`;
  return { ...known, negated, test };
}
