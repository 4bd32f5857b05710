import type { Widget } from '../../../src/dashboards/api.ts';
import type { Form } from '../telemetry/forms.ts';

/** How each visualization of New Relic is drawn here. */
const forms: Record<string, Form | 'markdown'> = {
  'viz.line': 'line',
  'viz.area': 'stacked',
  'viz.stacked-bar': 'columns',
  'viz.billboard': 'billboard',
  'viz.table': 'table',
  'viz.bar': 'bars',
  'viz.pie': 'pie',
  'viz.markdown': 'markdown',
  'viz.histogram': 'histogram',
  'viz.heatmap': 'heatmap',
  'viz.bullet': 'bullet',
  'viz.event-feed': 'table',
  'viz.funnel': 'bars',
  'viz.json': 'json',
};

/** What a person may choose, with its name. */
export const visualizations: { value: string; label: string }[] = [
  { value: 'viz.line', label: 'Lines' },
  { value: 'viz.area', label: 'Areas' },
  { value: 'viz.stacked-bar', label: 'Columns over time' },
  { value: 'viz.billboard', label: 'Numbers' },
  { value: 'viz.bullet', label: 'Bullets' },
  { value: 'viz.table', label: 'Table' },
  { value: 'viz.bar', label: 'Bars' },
  { value: 'viz.pie', label: 'Pie' },
  { value: 'viz.funnel', label: 'Funnel' },
  { value: 'viz.histogram', label: 'Histogram' },
  { value: 'viz.heatmap', label: 'Heat map' },
  { value: 'viz.json', label: 'JSON' },
  { value: 'viz.markdown', label: 'Text' },
];

/** The form of a widget; a visualization of somebody's own is guessed from its name, else shown as a table. */
export function formOf({ visualization: { id } }: Pick<Widget, 'visualization'>): Form | 'markdown' {
  const known = forms[id];
  if (known) return known;
  const guess = Object.keys(forms).find((name) => id.includes(name.slice(4)));
  return (guess && forms[guess]) || (id.includes('range') ? 'columns' : 'table');
}

/** Whether a visualization is drawn here as its name says. */
export const isDrawnAsNamed = (id: string): boolean => id in forms;

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

/** The queries of a widget, in order. */
export function queriesOf({ rawConfiguration }: Pick<Widget, 'rawConfiguration'>): string[] {
  const list = Array.isArray(rawConfiguration.nrqlQueries)
    ? rawConfiguration.nrqlQueries
    : Array.isArray(rawConfiguration.queries)
      ? rawConfiguration.queries
      : [];
  return list.flatMap((one: unknown) => {
    const text = isObject(one) ? (one.query ?? one.nrql) : undefined;
    return typeof text === 'string' && text.trim() ? [text] : [];
  });
}

export function textOf({ rawConfiguration }: Pick<Widget, 'rawConfiguration'>): string {
  return typeof rawConfiguration.text === 'string' ? rawConfiguration.text : '';
}

/** Whether the page's time range leaves this widget alone. */
export function ignoresRange({ rawConfiguration }: Pick<Widget, 'rawConfiguration'>): boolean {
  const { platformOptions } = rawConfiguration;
  return isObject(platformOptions) && platformOptions.ignoreTimeRange === true;
}

/** The widget with another query, kept in the place the old one had. */
export function withQueries(widget: Widget, queries: string[]): Widget['rawConfiguration'] {
  const before = Array.isArray(widget.rawConfiguration.nrqlQueries) ? widget.rawConfiguration.nrqlQueries : [];
  return {
    ...widget.rawConfiguration,
    nrqlQueries: queries.map((query, index) => ({
      ...(isObject(before[index]) ? before[index] : { accountIds: [] }),
      query,
    })),
  };
}
