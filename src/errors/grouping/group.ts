import type { ErrorReport } from '../report.ts';
import { type Component, component, hashOf, leavesOf, silenced } from './component.ts';
import { chainComponent, significantExceptions, textComponent } from './exception.ts';
import { leadingLines, parameterise } from './parameterise.ts';
import { stackComponent, type Variant } from './stack.ts';

/** Names the rules, so that hashes made by others are never taken for these. */
export const groupingAlgorithm = 'millrace:1';

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
}

/**
 * Which group an event belongs to, and why. Pure: the same report always gives the same hashes.
 * A fingerprint set by the client replaces the default, or is mixed with it where it says `{{ default }}`.
 */
export function groupReport(report: ErrorReport): Grouping {
  const fingerprint = report.fingerprint?.map((part) => fillVariable(part, report)) ?? null;
  const isDefault = fingerprint === null || (fingerprint.length === 1 && isPlaceholder(fingerprint[0]!));
  const defaults = defaultVariants(report);
  if (isDefault) return finish(defaults, defaultSummary(defaults));
  if (fingerprint.some(isPlaceholder)) {
    const mixed = defaults.map((variant): GroupingVariant => {
      if (!variant.contributes || !variant.tree) return variant;
      const leaves = leavesOf(variant.tree);
      const hash = hashOf(fingerprint.flatMap((part) => (isPlaceholder(part) ? leaves : [part])));
      return { ...variant, hash, fingerprint };
    });
    return finish(mixed, 'Grouped by the fingerprint the application set, mixed with the default grouping.');
  }
  const message = report.message?.text ?? report.exceptions.at(-1)?.value ?? null;
  const parts = fingerprint.map((part) => (part === message ? parameterise(part) : part));
  return finish(
    [
      {
        name: 'custom_fingerprint',
        hash: hashOf(parts),
        contributes: true,
        hint: null,
        tree: null,
        fingerprint: parts,
      },
      ...defaults.map((variant) => ({
        ...variant,
        contributes: false,
        hash: null,
        hint: 'custom fingerprint takes precedence',
      })),
    ],
    'Grouped by the fingerprint the application set.',
  );
}

const isPlaceholder = (part: string): boolean => /^\{\{\s*default\s*\}\}$/.test(part);

/** `{{ transaction }}` and its like, so that clients may group by what the event says of itself. */
function fillVariable(part: string, report: ErrorReport): string {
  const name = /^\{\{\s*([\w.]+)\s*\}\}$/.exec(part)?.[1];
  const main = report.exceptions.at(-1);
  const values: Record<string, string | null | undefined> = {
    transaction: report.transaction,
    level: report.level,
    logger: report.logger,
    release: report.release,
    environment: report.environment,
    message: report.message?.text ?? main?.value,
    type: main?.type,
    'error.type': main?.type,
    'error.value': main?.value,
  };
  if (name?.startsWith('tags.')) return report.tags.find(([key]) => key === name.slice(5))?.[1] ?? part;
  return (name !== undefined && values[name]) || part;
}

function finish(variants: GroupingVariant[], summary: string): Grouping {
  const hashes = variants.filter((variant) => variant.contributes).map((variant) => variant.hash!);
  return { algorithm: groupingAlgorithm, hashes: [...new Set(hashes)], variants, summary };
}

/** Exceptions, else a stack, else the message: the first that gives anything is the whole default. */
function defaultVariants(report: ErrorReport): GroupingVariant[] {
  const exceptions = significantExceptions(report.exceptions, report.platform);
  if (exceptions.length > 0) {
    const variants = appAndSystem('exception', (variant) => chainComponent(exceptions, report.platform, variant));
    if (variants.some((variant) => variant.contributes)) return variants;
  }
  const { frames } = report;
  if (frames) {
    const variants = appAndSystem('stacktrace', (variant) => stackComponent(frames, report.platform, variant));
    if (variants.some((variant) => variant.contributes)) return variants;
  }
  if (report.message) {
    const lines = leadingLines(report.message.template ?? report.message.text);
    return [variantOf('default', textComponent('message', lines))];
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

function variantOf(name: string, part: Component): GroupingVariant {
  const tree = component(name, [part]);
  const hash = tree.contributes ? hashOf(leavesOf(tree)) : null;
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
  if (main.name === 'default') return 'Grouped by its message, with numbers, ids, times and addresses taken out.';
  if (!stack) return 'Grouped by exception type and message, with what varies taken out; there is no stack trace.';
  return main.name === 'app'
    ? "Grouped by exception type and the application's own frames of the stack trace."
    : 'Grouped by exception type and all frames of the stack trace; none is marked as the application’s.';
}
