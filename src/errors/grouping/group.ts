import type { ErrorReport } from '../report.ts';
import {
  currentAlgorithm,
  defaultRules,
  type GroupingAlgorithm,
  type GroupingContext,
  type GroupingRules,
} from './algorithm.ts';
import { type Component, component, hashOf, hashOfTree, leavesOf, silenced } from './component.ts';
import { chainComponent, significantExceptions, textComponent } from './exception.ts';
import { type ChosenFingerprint, chooseFingerprint, isPlaceholder } from './fingerprint.ts';
import { leadingLines, parameterise } from './parameterise.ts';
import { stackComponent, type Variant } from './stack.ts';

export interface GroupingVariant {
  name: string;
  /** 32 hexadecimal digits; null when it does not take part. */
  hash: string | null;
  contributes: boolean;
  hint: string | null;
  tree: Component | null;
  fingerprint: string[] | null;
}

export interface Grouping {
  algorithm: string;
  /** To be looked up in this order: the first that has an issue wins, and the others are added to it. */
  hashes: string[];
  variants: GroupingVariant[];
  /** One sentence for people. */
  summary: string;
  /** What a fingerprint rule wants the event to be called. */
  title: string | null;
}

/**
 * Which group an event belongs to, and why. Pure: the same report and rules always give the same hashes. The frames of the report must
 * carry the marks of the rules (`markFrames`). A fingerprint replaces the default, or is mixed with it where it says `{{ default }}`.
 */
export function groupReport(
  report: ErrorReport,
  rules: GroupingRules = defaultRules,
  algorithm: GroupingAlgorithm = currentAlgorithm,
): Grouping {
  const context: GroupingContext = { algorithm, rules, platform: report.platform };
  const chosen = chooseFingerprint(report, context);
  if (chosen === null && report.checksum !== undefined && algorithm.usesRules) {
    const variant = checksumVariant(report.checksum);
    return finish(context, [variant], 'Grouped by the checksum the application set.', null);
  }
  const defaults = defaultVariants(report, context);
  if (chosen === null) return finish(context, defaults, defaultSummary(defaults), null);
  const { parts, rule } = chosen;
  const who = rule === null ? 'the application set' : rule.builtIn ? 'a built-in rule gave' : "the project's rule gave";
  if (parts.some(isPlaceholder)) {
    const mixed = defaults.map((variant): GroupingVariant => {
      if (!variant.contributes || !variant.tree) return variant;
      const leaves = leavesOf(variant.tree);
      const hash = hashOf(parts.flatMap((part) => (isPlaceholder(part) ? leaves : [part])));
      return { ...variant, hash, fingerprint: parts };
    });
    return finish(context, mixed, `Grouped by the fingerprint ${who}, mixed with the default grouping.`, chosen);
  }
  const message = report.message?.text ?? report.exceptions.at(-1)?.value ?? null;
  const values = parts.map((part) => (part === message ? parameterise(part, algorithm) : part));
  const custom: GroupingVariant = {
    name: rule?.builtIn ? 'built_in_fingerprint' : 'custom_fingerprint',
    hash: hashOf(values),
    contributes: true,
    hint: rule === null ? null : `by fingerprint rule (${rule.text})`,
    tree: null,
    fingerprint: values,
  };
  const others = defaults.map((variant) => ({
    ...variant,
    contributes: false,
    hash: null,
    hint: 'custom fingerprint takes precedence',
  }));
  return finish(context, [custom, ...others], `Grouped by the fingerprint ${who}.`, chosen);
}

/** A checksum that looks like a hash is one; any other is made into one. */
function checksumVariant(checksum: string): GroupingVariant {
  const isHash = /^[0-9a-f]{32}$/i.test(checksum);
  return {
    name: isHash ? 'checksum' : 'hashed_checksum',
    hash: isHash ? checksum.toLowerCase() : hashOf([checksum]),
    contributes: true,
    hint: null,
    tree: null,
    fingerprint: [checksum],
  };
}

function finish(
  context: GroupingContext,
  variants: GroupingVariant[],
  summary: string,
  chosen: ChosenFingerprint | null,
): Grouping {
  const hashes = variants.filter((variant) => variant.contributes).map((variant) => variant.hash!);
  return {
    algorithm: context.algorithm.id,
    hashes: [...new Set(hashes)],
    variants,
    summary,
    title: chosen?.title ?? null,
  };
}

/** Exceptions, else a stack, else the message: the first that gives anything is the whole default. */
function defaultVariants(report: ErrorReport, context: GroupingContext): GroupingVariant[] {
  const exceptions = significantExceptions(report.exceptions, context);
  if (exceptions.length > 0) {
    const variants = appAndSystem('exception', (variant) => chainComponent(exceptions, context, variant));
    if (variants.some((variant) => variant.contributes)) return variants;
  }
  const { frames } = report;
  if (frames) {
    const variants = appAndSystem('stacktrace', (variant) => stackComponent(frames, context, variant, null));
    if (variants.some((variant) => variant.contributes)) return variants;
  }
  if (report.security) return [variantOf('default', securityComponent(report.security))];
  if (report.message) {
    const lines = leadingLines(report.message.template ?? report.message.text);
    return [variantOf('default', textComponent('message', lines, context.algorithm))];
  }
  return [
    {
      name: 'fallback',
      hash: hashOf([]),
      contributes: true,
      hint: 'nothing to group by',
      tree: null,
      fingerprint: null,
    },
  ];
}

/** What is forbidden, then the kind of script of the page itself, else where it came from. */
function securityComponent({ salt, violation, source }: NonNullable<ErrorReport['security']>): Component {
  const parts = [component('salt', [salt])];
  if (violation !== null) parts.push(component('violation', [violation]));
  if (source !== null) {
    const uri = component('uri', [source]);
    parts.push(violation === null ? uri : silenced(uri, 'violation takes precedence'));
  }
  return component('csp', parts);
}

function variantOf(name: string, part: Component): GroupingVariant {
  const tree = component(name, [part]);
  const hash = tree.contributes ? hashOfTree(tree) : null;
  return { name, hash, contributes: tree.contributes, hint: null, tree, fingerprint: null };
}

function appAndSystem(kind: string, make: (variant: Variant) => Component): GroupingVariant[] {
  const appPart = make('app');
  const systemPart = make('system');
  const appHasStack = hasStack(appPart);
  const systemHasStack = hasStack(systemPart);
  if (!systemHasStack) {
    // No stack anywhere: both say the same.
    return [variantOf('app', appPart)];
  }
  const system = variantOf('system', systemPart);
  if (!appHasStack) {
    const hint = `ignored because system ${kind} takes precedence`;
    const tree = silenced(component('app', [appPart]), hint);
    return [{ name: 'app', hash: null, contributes: false, hint, tree, fingerprint: null }, system];
  }
  const app = variantOf('app', appPart);
  if (system.hash === app.hash) {
    return [app, { ...system, hash: null, contributes: false, hint: 'ignored because hash matches app variant' }];
  }
  return [app, system];
}

/** Whether any stack of the tree takes part. */
function hasStack(node: Component): boolean {
  if (!node.contributes) return false;
  if (node.id === 'stacktrace') return true;
  return node.values.some((value) => typeof value !== 'string' && hasStack(value));
}

function defaultSummary(variants: GroupingVariant[]): string {
  const main = variants.find((variant) => variant.contributes);
  const stack = main?.tree ? hasStack(main.tree) : false;
  if (!main || main.name === 'fallback') return 'Grouped with every event that says nothing about its cause.';
  if (main.name === 'default' && main.tree?.values.some((part) => typeof part !== 'string' && part.id === 'csp')) {
    return 'Grouped by what the security policy forbids and by where it came from.';
  }
  if (main.name === 'default') return 'Grouped by its message, with numbers, ids, times and addresses taken out.';
  if (!stack) return 'Grouped by exception type and message, with what varies taken out; there is no stack trace.';
  return main.name === 'app'
    ? "Grouped by exception type and the application's own frames of the stack trace."
    : 'Grouped by exception type and all frames of the stack trace; none is marked as the application’s.';
}
