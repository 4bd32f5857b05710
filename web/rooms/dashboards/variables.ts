import type { DashboardDocument } from '../../../src/dashboards/api.ts';

/** A variable as New Relic writes it; every field but the name and the type may be absent. */
export interface Variable {
  name: string;
  title: string;
  kind: 'choice' | 'query' | 'text';
  multiple: boolean;
  /** What may be chosen, where the dashboard lists it. */
  items: { value: string; label: string }[];
  /** NRQL whose first column is what may be chosen. */
  nrql: string | undefined;
  defaults: string[];
  replacement: 'default' | 'identifier' | 'string' | 'number';
}

const text = (value: unknown): string | undefined =>
  typeof value === 'string'
    ? value
    : typeof value === 'number' || typeof value === 'boolean'
      ? String(value)
      : undefined;
const objects = (value: unknown): Record<string, unknown>[] =>
  Array.isArray(value) ? value.filter((one) => typeof one === 'object' && one !== null) : [];
const inside = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;

const replacements = ['default', 'identifier', 'string', 'number'] as const;

/** The variables of a dashboard, with what is absent filled in. */
export function variablesOf(document: Pick<DashboardDocument, 'variables'>): Variable[] {
  return document.variables.map((one) => {
    const nrql = text(inside(one.nrqlQuery, 'query'));
    const items = objects(one.items).flatMap((item) => {
      const value = text(item.value);
      return value === undefined ? [] : [{ value, label: text(item.title) ?? value }];
    });
    const strategy = text(one.replacementStrategy)?.toLowerCase();
    return {
      name: one.name,
      title: text(one.title) ?? one.name,
      kind: nrql ? 'query' : items.length > 0 ? 'choice' : 'text',
      multiple: one.isMultiSelection === true,
      items,
      nrql,
      defaults: objects(one.defaultValues).flatMap(
        (item) => text(inside(item.value, 'string')) ?? text(item.value) ?? [],
      ),
      replacement: replacements.find((word) => word === strategy) ?? 'default',
    };
  });
}

/** Values by variable; none chosen means all of them (`%` in LIKE, `*` elsewhere). */
export type Chosen = Record<string, string[]>;

const quoted = (value: string): string => `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

function written(value: string, { replacement }: Variable): string {
  switch (replacement) {
    case 'identifier':
      return /^[\p{L}_][\p{L}\p{N}_.]*$/u.test(value) ? value : `\`${value.replaceAll('`', '``')}\``;
    case 'number':
      return Number.isFinite(Number(value)) && value.trim() !== '' ? value : 'NULL';
    case 'string':
      return quoted(value);
    default:
      return value !== '' && Number.isFinite(Number(value)) ? value : quoted(value);
  }
}

/**
 * Puts values in place of `{{name}}`. Inside quotes only the bare value goes in, escaped; several values are written one
 * after the other with commas, as `IN ({{name}})` wants them. A variable nobody chose a value for means every value.
 */
export function fillIn(nrql: string, variables: readonly Variable[], chosen: Chosen): string {
  let filled = '';
  let quote = '';
  for (let at = 0; at < nrql.length; ) {
    const match = /^\{\{\{?\s*([^{}]+?)\s*\}\}\}?/.exec(nrql.slice(at));
    const variable = match && variables.find((one) => one.name === match[1]);
    if (match && variable) {
      const values = chosen[variable.name]?.length ? chosen[variable.name]! : variable.defaults;
      if (quote) filled += inQuotes(values[0] ?? '%', quote);
      else if (values.length === 0 || values.includes('*')) filled += "'%'";
      else filled += values.map((value) => written(value, variable)).join(', ');
      at += match[0].length;
      continue;
    }
    const character = nrql[at]!;
    if (quote && character === '\\') {
      filled += nrql.slice(at, at + 2);
      at += 2;
      continue;
    }
    if (quote ? character === quote : /['"`]/.test(character)) quote = quote ? '' : character;
    filled += character;
    at += 1;
  }
  return filled;
}

const inQuotes = (value: string, quote: string): string =>
  value.replaceAll('\\', '\\\\').replaceAll(quote, `\\${quote}`);

/** What stands in the address: `var-name=a,b`; commas inside a value are doubled. */
export function readChosen(search: Record<string, unknown>): Chosen {
  const chosen: Chosen = {};
  for (const [name, value] of Object.entries(search)) {
    if (!name.startsWith('var-') || (typeof value !== 'string' && typeof value !== 'number')) continue;
    chosen[name.slice(4)] = String(value)
      .split(/(?<!,),(?!,)/)
      .map((one) => one.replaceAll(',,', ','));
  }
  return chosen;
}

/** A variable's value as the address has it; undefined when nothing is chosen. */
export function writeChosen(values: string[]): string | undefined {
  return values.length === 0 ? undefined : values.map((one) => one.replaceAll(',', ',,')).join(',');
}
