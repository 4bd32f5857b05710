type Loose = Record<string, unknown>;
const isObject = (value: unknown): value is Loose =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Names of forms in New Relic's former dashboards (Insights), and what they are called now. */
const forms: Record<string, string> = {
  attribute_sheet: 'viz.table',
  application_breakdown: 'viz.area',
  billboard: 'viz.billboard',
  billboard_comparison: 'viz.billboard',
  comparison_line_chart: 'viz.line',
  event_feed: 'viz.event-feed',
  event_table: 'viz.table',
  facet_bar_chart: 'viz.bar',
  facet_pie_chart: 'viz.pie',
  facet_table: 'viz.table',
  faceted_area_chart: 'viz.area',
  faceted_line_chart: 'viz.line',
  funnel: 'viz.funnel',
  gauge: 'viz.bullet',
  heatmap: 'viz.heatmap',
  histogram: 'viz.histogram',
  line_chart: 'viz.line',
  markdown: 'viz.markdown',
  raw_json: 'viz.json',
  uniques_list: 'viz.table',
};

/**
 * A dashboard of New Relic's former form, `{ title, widgets: [{ nrql, process_as, row, column, ... }] }` or with `visualization`, `data`,
 * `presentation` and `layout`, in today's; undefined where it is none.
 */
export function fromInsights(input: Loose): Loose | undefined {
  if (input.pages !== undefined || !Array.isArray(input.widgets) || typeof input.title !== 'string') return undefined;
  const columns = input.grid_column_count === 12 ? 12 : 3;
  const { title, widgets, ...rest } = input;
  return { ...rest, name: title, pages: [{ name: title, widgets: widgets.map((one) => widgetOf(one, columns)) }] };
}

function widgetOf(input: unknown, columns: 3 | 12): unknown {
  if (!isObject(input)) return input;
  const said = isObject(input.presentation) ? input.presentation : {};
  const data = Array.isArray(input.data) ? input.data.filter(isObject) : [input];
  const customized = isObject(input.customizations) ? input.customizations : {};
  const form = String(input.visualization ?? input.process_as ?? '');
  const queries = data.flatMap(({ nrql, source }) => ((nrql ?? source) ? [{ query: nrql ?? source }] : []));
  const text = customized.markdown ?? (form === 'markdown' ? data[0]?.source : undefined);
  const notes = said.notes ?? input.notes;
  return {
    title: said.title ?? input.title,
    layout: placeOf(isObject(input.layout) ? input.layout : input, columns),
    visualization: { id: text === undefined ? (forms[form] ?? 'viz.table') : 'viz.markdown' },
    rawConfiguration: text === undefined ? { nrqlQueries: queries, ...(notes ? { notes } : {}) } : { text },
  };
}

/** A grid of three columns is one of twelve with larger fields. */
function placeOf({ column, row, width, height }: Loose, columns: 3 | 12): Loose {
  if (columns === 12) return { column, row, width, height };
  const number = (value: unknown): number => (typeof value === 'number' ? value : 1);
  return {
    column: (number(column) - 1) * 4 + 1,
    row: (number(row) - 1) * 3 + 1,
    width: number(width) * 4,
    height: number(height) * 3,
  };
}
