export type SortableValue = string | number | null | undefined;

export interface Sort {
  column: string;
  descending: boolean;
}

/** The order written in a URL: `name`, or `-name` for descending. */
export function readSort(text: string | undefined): Sort | undefined {
  if (!text) return undefined;
  return text.startsWith('-') ? { column: text.slice(1), descending: true } : { column: text, descending: false };
}

/** What a press on a column's title asks for: descending, ascending, then the list's own order again. */
export function nextSort(sort: Sort | undefined, column: string): string | undefined {
  if (sort?.column !== column) return `-${column}`;
  return sort.descending ? column : undefined;
}

/** Absent values come last in ascending order; texts compare as people read them, `r9` before `r10`. */
export function compareCells(a: SortableValue, b: SortableValue): number {
  if (a === b) return 0;
  if (a === null || a === undefined) return 1;
  if (b === null || b === undefined) return -1;
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  return String(a).localeCompare(String(b), undefined, { numeric: true, sensitivity: 'base' });
}
