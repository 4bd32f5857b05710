import { groupBy } from '../../kit/group-by.ts';

interface SpanLike {
  spanId: string;
  parentId: string;
  startMs: number;
}

/**
 * Spans in the order of a waterfall: each under its parent, siblings by start. A span whose parent is not there stands
 * at the top; a circle of parents is broken at its earliest span.
 */
export function inTreeOrder<Span extends SpanLike>(spans: readonly Span[]): { span: Span; depth: number }[] {
  const byStart = spans.toSorted((a, b) => a.startMs - b.startMs);
  const known = new Set(spans.map((span) => span.spanId));
  const children = groupBy(byStart, (span) => span.parentId);
  const rows: { span: Span; depth: number }[] = [];
  const placed = new Set<Span>();
  const place = (span: Span, depth: number) => {
    if (placed.has(span)) return;
    placed.add(span);
    rows.push({ span, depth });
    for (const child of children.get(span.spanId) ?? []) place(child, depth + 1);
  };
  for (const span of byStart) if (!known.has(span.parentId) || span.parentId === span.spanId) place(span, 0);
  for (const span of byStart) place(span, 0);
  return rows;
}
