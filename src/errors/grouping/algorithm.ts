import type { FingerprintRule } from './fingerprint-rules/rule.ts';
import { defaultStackRules } from './stack-rules/default-rules.ts';
import type { StackRule } from './stack-rules/rule.ts';
import { RuleSet } from './stack-rules/rule-set.ts';

/**
 * A version of the way groups are made. When it changes, an event whose new hashes are unknown is looked up by the hashes of the
 * version before, so that no issue splits; its new hashes then belong to that issue as well.
 */
export interface GroupingAlgorithm {
  /** Kept with every hash. */
  id: string;
  /** Stack trace rules and the fingerprint rules of the server take part. */
  usesRules: boolean;
  /** Transaction ids of object stores are taken out of texts. */
  readsTransactionIds: boolean;
  /** Methods of anonymous PHP classes count by their name. */
  readsAnonymousClasses: boolean;
}

export const currentAlgorithm: GroupingAlgorithm = {
  id: 'millrace:2',
  usesRules: true,
  readsTransactionIds: true,
  readsAnonymousClasses: true,
};

/** The version before, only for lookup. */
export const earlierAlgorithm: GroupingAlgorithm = {
  id: 'millrace:1',
  usesRules: false,
  readsTransactionIds: false,
  readsAnonymousClasses: false,
};

/** The rules of a project: the default stack trace rules with its own after them, and its fingerprint rules. */
export interface GroupingRules {
  stack: RuleSet;
  fingerprints: readonly FingerprintRule[];
}

/** The rules of a project with these of its own. */
export const rulesWith = (own: readonly StackRule[], fingerprints: readonly FingerprintRule[]): GroupingRules => ({
  stack: new RuleSet([...defaultStackRules, ...own]),
  fingerprints,
});

/** The rules of a project that has none of its own. */
export const defaultRules: GroupingRules = rulesWith([], []);

/** What every part of grouping needs to know besides the event. */
export interface GroupingContext {
  algorithm: GroupingAlgorithm;
  rules: GroupingRules;
  /** Of the event; a frame may name its own. */
  platform: string;
}
