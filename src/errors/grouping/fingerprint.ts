import type { ErrorReport, ReportedFrame } from '../report.ts';
import type { GroupingContext } from './algorithm.ts';
import { builtInFingerprintRules } from './fingerprint-rules/built-in.ts';
import { matchingRule } from './fingerprint-rules/facets.ts';
import type { FingerprintRule } from './fingerprint-rules/rule.ts';

/** Whether a part of a fingerprint stands for the default grouping. */
export const isPlaceholder = (part: string): boolean => /^\{\{\s*default\s*\}\}$/.test(part);

const variable = /\{\{\s*([\w.-]+)\s*\}\}/;

/** The fingerprint an event has, variables filled in, and who gave it; null means the default grouping. */
export interface ChosenFingerprint {
  parts: string[];
  rule: FingerprintRule | null;
  title: string | null;
}

/** The project's rules have the first word, then the client, then the built-in rules. */
export function chooseFingerprint(report: ErrorReport, context: GroupingContext): ChosenFingerprint | null {
  const own = report.fingerprint;
  const isDefault = own === null || (own.length === 1 && isPlaceholder(own[0]!));
  if (!context.algorithm.usesRules) {
    return isDefault ? null : { parts: own.map((part) => fillEarlier(part, report)), rule: null, title: null };
  }
  const rule =
    matchingRule(context.rules.fingerprints, report) ??
    (isDefault ? matchingRule(builtInFingerprintRules, report) : undefined);
  if (rule) {
    const title = rule.title === null ? null : fillText(rule.title, report);
    return { parts: rule.fingerprint.map((part) => fillText(part, report)), rule, title };
  }
  return isDefault ? null : { parts: own.map((part) => fillWhole(part, report)), rule: null, title: null };
}

/** A client's part is a variable only as a whole. */
function fillWhole(part: string, report: ErrorReport): string {
  const name = /^\{\{\s*([\w.-]+)\s*\}\}$/.exec(part)?.[1];
  return name === undefined || name === 'default'
    ? part
    : (variableOf(name, report) ?? `<unrecognized-variable ${name}>`);
}

/** A rule's part may hold variables anywhere. */
function fillText(part: string, report: ErrorReport): string {
  if (isPlaceholder(part)) return part;
  return part.replace(new RegExp(variable, 'g'), (_, name: string) => {
    return variableOf(name, report) ?? `<unrecognized-variable ${name}>`;
  });
}

const innermost = (report: ErrorReport): ReportedFrame | undefined => {
  const frames = report.exceptions.at(-1)?.frames ?? report.frames ?? [];
  return frames.findLast((frame) => frame.inApp === true) ?? frames.at(-1);
};

/** What a variable stands for; says so where the event has nothing to say; undefined for a name that is none. */
function variableOf(name: string, report: ErrorReport): string | undefined {
  const main = report.exceptions.at(-1);
  const frame = innermost(report);
  switch (name) {
    case 'transaction':
      return report.transaction ?? '<no-transaction>';
    case 'message':
      return report.message?.text ?? main?.value ?? '<no-message>';
    case 'type':
    case 'error.type':
      return main?.type ?? '<no-type>';
    case 'value':
    case 'error.value':
      return main?.value ?? '<no-value>';
    case 'function':
    case 'stack.function':
      return frame?.function ?? '<no-function>';
    case 'path':
    case 'stack.abs_path':
      return frame?.path ?? frame?.file ?? '<no-abs-path>';
    case 'module':
    case 'stack.module':
      return frame?.module ?? '<no-module>';
    case 'package':
    case 'stack.package':
      return frame?.package ?? '<no-package>';
    case 'level':
      return report.level;
    case 'logger':
      return report.logger ?? '<no-logger>';
    case 'release':
      return report.release ?? '<no-release>';
    case 'environment':
      return report.environment ?? '<no-environment>';
    default: {
      if (!name.startsWith('tags.')) return undefined;
      const tag = name.slice(5);
      return report.tags.find(([key]) => key === tag)?.[1] ?? `<no-value-for-tag-${tag}>`;
    }
  }
}

/** As the version before did: a variable without a value stays as it is written. */
function fillEarlier(part: string, report: ErrorReport): string {
  const name = /^\{\{\s*([\w.]+)\s*\}\}$/.exec(part)?.[1];
  if (name === undefined) return part;
  const known =
    name === 'type' ||
    /^(transaction|level|logger|release|environment|message|error\.(type|value)|tags\..*)$/.test(name);
  const value = known ? variableOf(name, report) : undefined;
  return value === undefined || value.startsWith('<no-') ? part : value;
}
