import { limits } from './limits.ts';

/** One figure of a plugin, in its base unit. */
export interface PerfValue {
  label: string;
  value: number;
  /** `s`, `B`, `%`, `c` (a count that only grows), the plugin's own word, or '' for a plain number. */
  unit: string;
  /** Ranges as the plugin wrote them (`10:20`, `@5`); absent where it named none. */
  warning?: string | undefined;
  critical?: string | undefined;
}

export interface Perfdata {
  values: PerfValue[];
  /** Items that are no figures: damaged, or undetermined (`U`). */
  refused: number;
}

/** What a unit is of its base: plugins write times and sizes as they like. Sizes are powers of 1024, as monitoring-plugins means them. */
const bases: Record<string, { unit: string; factor: number }> = {
  s: { unit: 's', factor: 1 },
  ms: { unit: 's', factor: 1e-3 },
  us: { unit: 's', factor: 1e-6 },
  ns: { unit: 's', factor: 1e-9 },
  ...Object.fromEntries(
    ['', 'K', 'M', 'G', 'T', 'P'].flatMap((prefix, power) =>
      [`${prefix}B`, `${prefix}iB`].map((name) => [name.toLowerCase(), { unit: 'B', factor: 1024 ** power }]),
    ),
  ),
};

/** Sticky: a label, quoted (a quote inside is doubled) or plain, and its `=`. */
const labelled = /\s*(?:'((?:[^']|'')*)'|([^\s='][^=\s]*))=/y;
const number = /^[-+]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:[eE][-+]?\d+)?/;

/**
 * Reads performance data as plugins print it after the bar: `'label'=value[unit];[warning];[critical];[min];[max]`, blanks between
 * (Monitoring Plugins development guidelines, "Performance data"). What is damaged is passed over up to the next blank.
 */
export function parsePerfdata(text: string): Perfdata {
  const found: Perfdata = { values: [], refused: 0 };
  let at = 0;
  while (at < text.length && found.values.length < limits.valuesOfResult) {
    labelled.lastIndex = at;
    const label = labelled.exec(text);
    const from = label ? labelled.lastIndex : at + (/^\s*/.exec(text.slice(at, at + 1))?.[0].length ?? 0);
    const blank = text.slice(from).search(/\s/);
    const end = blank < 0 ? text.length : from + blank;
    if (label) {
      const value = measuredOf((label[1]?.replaceAll("''", "'") ?? label[2] ?? '').trim(), text.slice(from, end));
      if (value) found.values.push(value);
      else found.refused += 1;
    } else if (end > from) found.refused += 1;
    at = Math.max(end, at + 1);
  }
  return found;
}

function measuredOf(label: string, text: string): PerfValue | undefined {
  const [measured = '', warning, critical] = text.split(';');
  const digits = number.exec(measured)?.[0];
  if (digits === undefined || label === '' || label.length > limits.labelCharacters) return undefined;
  const named = measured.slice(digits.length).slice(0, limits.unitCharacters);
  const base = bases[named.toLowerCase()] ?? { unit: named, factor: 1 };
  // Some languages write a comma where the others have a point.
  const value = Number(digits.replace(',', '.')) * base.factor;
  if (!Number.isFinite(value)) return undefined;
  return {
    label,
    value,
    unit: base.unit,
    warning: warning?.slice(0, limits.rangeCharacters) || undefined,
    critical: critical?.slice(0, limits.rangeCharacters) || undefined,
  };
}
