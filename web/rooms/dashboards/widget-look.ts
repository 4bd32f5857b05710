import type { Widget } from '../../../src/dashboards/api.ts';
import type { QueryAnswer } from '../../../src/telemetry/api.ts';
import type { ChartAxis } from '../../kit/chart.tsx';
import type { ShownAnswer, ShownColumn } from '../telemetry/cells.ts';
import type { Threshold } from '../telemetry/thresholds.ts';

/** How New Relic was told to show the answer of a widget, as far as it is followed here. */
export interface Look {
  /** Of every value; undefined where the query says. */
  unit: string | null | undefined;
  /** Of the values of one name. */
  units: ReadonlyMap<string, string | null>;
  /** What stands in a gap of a line. */
  gaps: 'open' | 'zero' | 'last' | 'across';
  legend: boolean;
  axis: ChartAxis;
  thresholds: Threshold[];
  /** What a bullet is held against. */
  limit: number | undefined;
  /** Columns whose numbers are times. */
  times: ReadonlySet<string>;
  /** The column a table begins with, as the table writes it: `-name` for falling. */
  sort: string | undefined;
}

type Given = Record<string, unknown>;
const isObject = (value: unknown): value is Given => typeof value === 'object' && value !== null;
const inside = (value: unknown, name: string): unknown => (isObject(value) ? value[name] : undefined);
const objects = (value: unknown): Given[] => (Array.isArray(value) ? value.filter(isObject) : []);
const number = (value: unknown): number | undefined =>
  (typeof value === 'number' || (typeof value === 'string' && value.trim() !== '')) && Number.isFinite(Number(value))
    ? Number(value)
    : undefined;

/** New Relic's names of units; null: a plain number. */
const units: Record<string, string | null> = {
  BYTES: 'bytes',
  BITS: 'bit',
  BYTES_PER_SECOND: 'bytes/s',
  BITS_PER_SECOND: 'bit/s',
  CELSIUS: '°C',
  COUNT: 'count',
  HERTZ: 'Hz',
  MS: 'ms',
  SECONDS: 's',
  PERCENTAGE: '%',
  PAGES_PER_SECOND: 'pages/s',
  MESSAGES_PER_SECOND: 'messages/s',
  OPERATIONS_PER_SECOND: 'operations/s',
  REQUESTS_PER_MINUTE: '/min',
  REQUESTS_PER_SECOND: '/s',
  APDEX: 'apdex',
};

const severities: Record<string, Threshold['severity']> = {
  success: 'good',
  warning: 'warning',
  severe: 'critical',
  critical: 'critical',
};

/** Reads what a widget says of its look. What is not understood is left out. */
export function lookOf({ rawConfiguration: given }: Pick<Widget, 'rawConfiguration'>): Look {
  const gap = inside(given.nullValues, 'nullValue');
  const left = given.yAxisLeft;
  const unit = units[String(inside(given.units, 'unit'))];
  const overrides = objects(inside(given.units, 'seriesOverrides'));
  const sorting = given.initialSorting;
  const sorted = inside(sorting, 'name');
  return {
    unit,
    units: new Map(overrides.map((one) => [String(one.seriesName), units[String(one.unit)] ?? null])),
    gaps: gap === 'zero' ? 'zero' : gap === 'preserve' ? 'last' : gap === 'remove' ? 'across' : 'open',
    legend: inside(given.legend, 'enabled') !== false,
    axis: {
      least: number(inside(left, 'min')),
      most: number(inside(left, 'max')),
      fromZero: inside(left, 'zero') !== false,
    },
    thresholds: thresholdsOf(given),
    limit: number(given.limit),
    times: new Set(
      objects(given.dataFormatters)
        .filter(({ type }) => type === 'date' || type === 'recent-relative')
        .map(({ name }) => String(name)),
    ),
    sort: typeof sorted === 'string' ? `${inside(sorting, 'direction') === 'desc' ? '-' : ''}${sorted}` : undefined,
  };
}

/** `[{ alertSeverity, value }]` of older dashboards, `{ thresholds: [{ from, to, severity }] }` of newer ones. */
function thresholdsOf({ thresholds, thresholdsWithSeriesOverrides: named }: Given): Threshold[] {
  const all = [
    ...objects(thresholds),
    ...objects(inside(thresholds, 'thresholds')),
    ...objects(inside(named, 'thresholds')),
    ...objects(inside(named, 'seriesOverrides')),
  ];
  return all.flatMap((one) => {
    const severity = severities[String(one.alertSeverity ?? one.severity).toLowerCase()];
    const [value, until] = [number(one.value ?? one.from), number(one.to)];
    if (!severity || (value === undefined && until === undefined)) return [];
    const of = one.seriesName ?? one.columnName;
    return [
      {
        value: value ?? Number.NEGATIVE_INFINITY,
        ...(until === undefined ? {} : { until }),
        severity,
        ...(typeof of === 'string' ? { of } : {}),
      },
    ];
  });
}

/** The answer in the units that its widget names, its gaps filled as the widget wants them. */
export function dressed(answer: QueryAnswer, look: Look): ShownAnswer {
  const columns = answer.columns.map((column): ShownColumn => {
    if (column.role === 'facet' || column.kind !== 'number') return column;
    const kind = look.times.has(column.label) ? 'time' : column.kind;
    const unit = look.units.get(column.label) ?? (look.unit === undefined ? column.unit : look.unit);
    return { ...column, kind, unit };
  });
  const series =
    look.gaps === 'open'
      ? answer.series
      : answer.series.map((one) => ({ ...one, points: withoutGaps(one.points, look.gaps) }));
  return { ...answer, columns, series };
}

function withoutGaps(points: (number | null)[], how: Look['gaps']): (number | null)[] {
  if (how === 'zero') return points.map((point) => point ?? 0);
  let last = -1;
  return points.map((point, index) => {
    if (point !== null) {
      last = index;
      return point;
    }
    const before = points[last];
    if (before === undefined || before === null) return null;
    if (how === 'last') return before;
    const next = points.findIndex((one, at) => at > index && one !== null);
    const after = points[next];
    return after === undefined || after === null ? null : before + ((after - before) * (index - last)) / (next - last);
  });
}
