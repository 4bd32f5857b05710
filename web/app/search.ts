/** Readers of search parameters: whatever stands in the address becomes a value the page understands, or nothing. */
type Given = Record<string, unknown>;

/** A text, or undefined. Numbers count as text: the router reads `?q=12` as one. */
export function readText(given: Given, name: string): string | undefined {
  const value = given[name];
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** A whole number of at least `least`, or undefined. */
export function readCount(given: Given, name: string, least = 0): number | undefined {
  const value = Number(given[name]);
  return given[name] !== undefined && Number.isInteger(value) && value >= least ? value : undefined;
}

/** One of these words, or undefined. */
export function readWord<Word extends string>(given: Given, name: string, words: readonly Word[]): Word | undefined {
  return words.find((word) => word === given[name]);
}

/** Reads several texts at once: `readTexts(given, 'q', 'sort')`. */
export function readTexts<Name extends string>(given: Given, ...names: Name[]): { [K in Name]?: string | undefined } {
  const values: { [K in Name]?: string | undefined } = {};
  for (const name of names) {
    const value = readText(given, name);
    if (value !== undefined) values[name] = value;
  }
  return values;
}

/** The same without what is absent, so that links need not name it. */
export function present<Values extends object>(values: Values): { [K in keyof Values]?: Values[K] | undefined } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Partial<Values>;
}
