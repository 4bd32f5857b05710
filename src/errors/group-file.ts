import { earlierAlgorithm, type GroupingRules, rulesWith } from './grouping/algorithm.ts';
import { parseFingerprintRules } from './grouping/fingerprint-rules/parse.ts';
import type { FingerprintRule } from './grouping/fingerprint-rules/rule.ts';
import { type Grouping, groupReport } from './grouping/group.ts';
import { markFrames } from './grouping/stack-rules/mark-frames.ts';
import { parseStackRules, type RuleProblem } from './grouping/stack-rules/parse.ts';
import { type JsonObject, listOf, objectOf } from './lenient.ts';
import { normalise } from './normalise.ts';
import { headlineOf } from './title.ts';

/** How one event is grouped, for people and programs that have the event and no server. */
export interface GroupedFile extends Grouping {
  /** What its issue is called. */
  title: string;
  culprit: string;
  /** The hashes of the version before, by which issues are found again after a change of the rules. */
  earlier: { algorithm: string; hashes: string[] };
  /** Lines of rules that could not be read. */
  problems: RuleProblem[];
}

/**
 * Groups an event as a client would send it (parsed JSON). Rules are texts as projects keep them; an event may also carry its own, as
 * files made for trying out rules do: `_grouping.enhancements` (text) and `_fingerprinting_rules` (`matchers`, `fingerprint`).
 */
export function groupEvent(
  payload: JsonObject,
  own: { stackRules?: string | undefined; fingerprintRules?: string | undefined } = {},
): GroupedFile {
  const stack = parseStackRules([own.stackRules, objectOf(payload._grouping)?.enhancements].filter(isText).join('\n'));
  const named = parseFingerprintRules(own.fingerprintRules ?? '');
  const carried = carriedRules(payload._fingerprinting_rules);
  const rules: GroupingRules = rulesWith(stack.rules, [...named.rules, ...carried.rules]);
  const plain = normalise(payload, { eventId: '0'.repeat(32), receivedAt: 0 });
  const report = markFrames(plain, rules.stack);
  const grouping = groupReport(report, rules);
  const headline = headlineOf(report);
  return {
    ...grouping,
    title: grouping.title ?? headline.title,
    culprit: headline.culprit,
    earlier: { algorithm: earlierAlgorithm.id, hashes: groupReport(report, rules, earlierAlgorithm).hashes },
    problems: [...stack.problems, ...named.problems, ...carried.problems],
  };
}

const isText = (value: unknown): value is string => typeof value === 'string';

/** Rules in the form of lists; read by way of their text, so that there is one reading of rules. */
function carriedRules(value: unknown): { rules: FingerprintRule[]; problems: RuleProblem[] } {
  const lines = listOf(value).map((item) => {
    const rule = objectOf(item);
    const conditions = listOf(rule?.matchers).map((matcher) => {
      const [key, pattern] = listOf(matcher).map(String);
      return `${key}:${quoted(pattern ?? '')}`;
    });
    const title = objectOf(rule?.attributes)?.title;
    const parts = listOf(rule?.fingerprint).map((part) => quoted(String(part)));
    return [...conditions, '->', ...parts, ...(isText(title) ? [`title=${quoted(title)}`] : [])].join(' ');
  });
  return parseFingerprintRules(lines.join('\n'));
}

const quoted = (text: string): string => `"${text.replaceAll('\\', '\\\\').replaceAll('"', '')}"`;
