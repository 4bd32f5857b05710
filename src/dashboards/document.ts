import { z } from 'zod';
import { Fault } from '../kernel/faults.ts';
import { fromInsights } from './insights.ts';

/** A place on a grid of twelve columns; counted from 1. */
const layout = z.object({
  column: z.number().int().min(1).max(12),
  row: z.number().int().min(1).max(2000),
  width: z.number().int().min(1).max(12),
  height: z.number().int().min(1).max(64),
});

const widget = z.looseObject({
  title: z.string().max(500),
  layout,
  /** `viz.line`, `viz.area`, `viz.billboard`, `viz.table`, `viz.bar`, `viz.pie`, `viz.markdown`, `viz.histogram`, `viz.json`, ... */
  visualization: z.looseObject({ id: z.string().min(1).max(200) }),
  /** `nrqlQueries: [{ query }]`, `text`, `thresholds`, `platformOptions`, ... as New Relic writes them. */
  rawConfiguration: z.record(z.string(), z.unknown()),
});
export type Widget = z.output<typeof widget>;

const variable = z.looseObject({ name: z.string().min(1).max(200), type: z.string().max(50) });

const page = z.looseObject({
  name: z.string().max(500),
  widgets: z.array(widget).max(300),
});

/** A dashboard in New Relic's own format; what Millrace does not use itself is kept and given back. */
export const dashboardDocument = z.looseObject({
  name: z.string().trim().min(1).max(300),
  description: z.string().max(5000).nullable().default(null),
  pages: z.array(page).min(1).max(30),
  variables: z.array(variable).max(50).default([]),
});
export type DashboardDocument = z.output<typeof dashboardDocument>;

type Loose = Record<string, unknown>;
const isObject = (value: unknown): value is Loose =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);

const defaultSize = { width: 4, height: 3 };

/** Brings what people export and publish into one form: older names of fields, absent places and absent titles. Throws a Fault. */
export function readDocument(input: unknown): DashboardDocument {
  if (!isObject(input)) throw unreadable('A dashboard is a JSON object with a name and pages');
  // Some tools wrap it.
  const unwrapped = isObject(input.dashboard) && input.pages === undefined ? input.dashboard : input;
  const given = fromInsights(unwrapped) ?? unwrapped;
  const parsed = dashboardDocument.safeParse({
    ...given,
    variables: listOf(given.variables),
    pages: listOf(given.pages).map((one, index) => readPage(one, index)),
  });
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const path = issue?.path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`)).join('') ?? '';
  throw unreadable(`${path.replace(/^\./, '') || 'It'}: ${issue?.message ?? 'is not understood'}`);
}

function unreadable(what: string): Fault {
  return new Fault('invalid', `This is not a dashboard: ${what}`, {
    code: 'dashboards.document',
    hint: 'Paste the JSON as New Relic exports it: name, pages, and widgets with layout, visualization and rawConfiguration.',
  });
}

function readPage(input: unknown, index: number): unknown {
  if (!isObject(input)) return input;
  let nextRow = 1;
  const widgets = listOf(input.widgets).map((one) => {
    const read = readWidget(one, nextRow);
    const place = isObject(read) ? layout.safeParse(read.layout) : undefined;
    if (place?.success) nextRow = Math.max(nextRow, place.data.row + place.data.height);
    return read;
  });
  return { ...input, name: typeof input.name === 'string' ? input.name : `Page ${index + 1}`, widgets };
}

function readWidget(input: unknown, nextRow: number): unknown {
  if (!isObject(input)) return input;
  const { configuration, ...rest } = input;
  const typed = isObject(configuration)
    ? Object.entries(configuration).find(([, value]) => isObject(value))
    : undefined;
  const visualization = isObject(input.visualization) ? input.visualization : typed && { id: `viz.${typed[0]}` };
  const own = isObject(input.layout) ? input.layout : {};
  return {
    ...rest,
    title: typeof input.title === 'string' ? input.title : '',
    visualization,
    layout: onGrid({ column: 1, row: nextRow, ...defaultSize, ...own }),
    rawConfiguration: isObject(input.rawConfiguration) ? input.rawConfiguration : typedConfiguration(typed?.[1]),
  };
}

/** Some published dashboards reach over the right edge of the grid. */
function onGrid(place: Loose): Loose {
  const { column, width } = place;
  if (typeof column !== 'number' || typeof width !== 'number' || column + width <= 13) return place;
  const kept = Math.min(width, 12);
  return { ...place, width: kept, column: Math.min(column, 13 - kept) };
}

/** The older `configuration: { line: { queries } }`. */
function typedConfiguration(value: unknown): Loose {
  if (!isObject(value)) return {};
  const { queries, ...rest } = value;
  return queries === undefined ? rest : { ...rest, nrqlQueries: queries };
}
