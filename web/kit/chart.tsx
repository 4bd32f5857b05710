import { useEffect, useMemo, useRef, useState } from 'react';
import UPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import styles from './chart.module.css';
import { amountText, numberText } from './figures.ts';
import { InOrder } from './in-order.tsx';
import { absoluteTime, axisTimes } from './moments.ts';
import { seriesToken } from './series-color.ts';

export interface ChartSeries {
  label: string;
  /** One for each time; null is a gap. */
  values: (number | null)[];
  /** Of another window, laid over this one. */
  faded?: boolean | undefined;
  /** What its values are measured in, where it is not the chart's unit; lines of a second unit are read at the right. */
  unit?: string | undefined;
}

interface ChartProps {
  label: string;
  /** Unix ms, growing. */
  times: number[];
  series: ChartSeries[];
  unit?: string | undefined;
  height?: number | undefined;
  kind?: 'line' | 'area' | 'bar' | 'stacked' | undefined;
  /** What the values' axis shows; from zero and as far as the values reach unless it says otherwise. */
  axis?: ChartAxis | undefined;
  /** Whether the names and values of the series stand below. */
  legend?: boolean | undefined;
  /** A line that must not be crossed. */
  limit?: number | undefined;
  /** Instants that explain a bend: deployments, incidents, new errors. */
  marks?: ChartMark[] | undefined;
  /** A span was drawn with the pointer, Unix ms. */
  onSelect?: ((since: number, until: number) => void) | undefined;
}

export interface ChartAxis {
  least?: number | undefined;
  most?: number | undefined;
  fromZero?: boolean | undefined;
}

export interface ChartMark {
  /** Unix ms. */
  at: number;
  label: string;
  tone?: 'good' | 'warn' | 'bad' | undefined;
}

/** Values over time. All charts of a page share one crosshair. The legend doubles as the reading at the crosshair. */
export function TimeChart(props: ChartProps) {
  const {
    label,
    times,
    series,
    unit,
    height = 220,
    kind = 'line',
    limit,
    marks,
    onSelect,
    axis,
    legend = true,
  } = props;
  const second = secondUnit(series, unit, kind);
  const box = useRef<HTMLDivElement>(null);
  const [at, setAt] = useState<number | null>(null);
  const theme = useThemeChange();
  const data = useMemo(
    () => [times.map((time) => time / 1000), ...drawn(series, kind)] as UPlot.AlignedData,
    [times, series, kind],
  );
  const shape = series.map((one) => `${one.label}\0${one.faded ?? ''}\0${one.unit ?? ''}`).join('\n');
  const { least, most, fromZero } = axis ?? {};

  // biome-ignore lint/correctness/useExhaustiveDependencies: rebuilt when the look changes; data goes in below
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const css = getComputedStyle(element);
    const color = (name: string) => css.getPropertyValue(name).trim();
    const ink = resolve(element, 'var(--text-faint)');
    const grid = resolve(element, 'var(--line)');
    const bars = kind === 'bar' ? UPlot.paths.bars?.({ size: [0.85, 40] }) : undefined;
    const font = `11px ${color('--font-text')}`;
    const chart = new UPlot(
      {
        width: element.clientWidth,
        height,
        legend: { show: false },
        cursor: {
          sync: { key: 'page' },
          points: { size: 6 },
          drag: { x: onSelect !== undefined, y: false, setScale: false },
          y: false,
        },
        scales: {
          x: { range: () => xRange(times, kind, marks) },
          y: { range: (_, low, high) => yRange(low, high, limit, { least, most, fromZero }) },
          ...(second === undefined ? {} : { right: { range: (_, low, high) => yRange(low, high, undefined) } }),
        },
        axes: [
          {
            stroke: ink,
            grid: { show: false },
            ticks: { stroke: grid, size: 4 },
            font,
            size: 28,
            space: 90,
            values: (_, splits, _axis, _space, step) =>
              axisTimes(
                splits.map((at) => at * 1000),
                step * 1000,
              ),
          },
          {
            stroke: ink,
            grid: { stroke: grid, width: 1 },
            ticks: { show: false },
            font,
            size: 56,
            values: (_, ticks) => axisTexts(ticks, unit),
          },
          ...(second === undefined
            ? []
            : [
                {
                  scale: 'right',
                  side: 1 as const,
                  stroke: ink,
                  grid: { show: false },
                  ticks: { show: false },
                  font,
                  size: 56,
                  values: (_: UPlot, ticks: number[]) => axisTexts(ticks, second),
                },
              ]),
        ],
        series: [
          {},
          ...orderOf(series, kind).map((index) => {
            const one = series[index]!;
            const stroke = resolve(element, `var(${seriesToken(index)})`);
            return {
              label: one.label,
              stroke,
              ...(second !== undefined && one.unit === second ? { scale: 'right' } : {}),
              width: one.faded ? 1 : 1.75,
              ...(one.faded ? { dash: [4, 4] } : {}),
              ...(kind === 'line' && series.length > 1
                ? {}
                : {
                    fill: fade(stroke, fillOf(series, kind)),
                  }),
              ...(bars ? { paths: bars } : {}),
              points: pointsOf(times.length, one.values),
            };
          }),
        ],
        // What is stacked is filled down to the line below it.
        bands:
          kind === 'stacked' && pilesUp(series, kind)
            ? series.slice(1).map((_, index) => ({ series: [index + 2, index + 1] }))
            : [],
        hooks: {
          setCursor: [(plot) => setAt(plot.cursor.idx ?? null)],
          setSelect: [(plot) => selected(plot, onSelect)],
          draw: [(plot) => drawMarks(plot, { limit, marks, color: (tone) => resolve(element, `var(--${tone})`) })],
        },
      },
      data,
      element,
    );
    const resize = new ResizeObserver(() => chart.setSize({ width: element.clientWidth, height }));
    resize.observe(element);
    return () => {
      resize.disconnect();
      chart.destroy();
    };
  }, [shape, kind, height, unit, limit, marks, theme, data, onSelect, second, least, most, fromZero]);
  const near = at === null ? undefined : marksNear(marks, times, at);

  return (
    <figure className={styles.chart} aria-label={label}>
      <div ref={box} className={styles.plot} style={{ minHeight: height }} />
      <figcaption className={styles.legend}>
        {at !== null && times[at] !== undefined && (
          <span className={styles.when}>{absoluteTime(times[at]).replace(/ [^ ]+$/, '')}</span>
        )}
        {near?.map((mark) => (
          <span key={`${mark.at} ${mark.label}`} className={styles.mark} data-tone={mark.tone}>
            {mark.label}
          </span>
        ))}
        <InOrder items={legend || at !== null ? series : []}>
          {(one, index) => {
            const value = at === null ? lastOf(one.values) : one.values[at];
            return (
              <span className={styles.key} data-key>
                <i style={{ background: `var(${seriesToken(index)})` }} data-faded={one.faded || undefined} />
                {one.label}
                <b>{value === null || value === undefined ? '–' : amountText(value, one.unit ?? unit)}</b>
              </span>
            );
          }}
        </InOrder>
      </figcaption>
    </figure>
  );
}

/** What no line reaches is drawn as a point: a value between two gaps, and all where there are hardly any. */
function pointsOf(times: number, values: (number | null)[]): UPlot.Series.Points {
  const empty = (at: number) => values[at] === null || values[at] === undefined;
  const alone = values.flatMap((_, at) => (!empty(at) && empty(at - 1) && empty(at + 1) ? [at] : []));
  return times < 3 ? { show: true } : { show: alone.length > 0, size: 5, filter: () => alone };
}

/** Seconds from left to right: whole columns, and room for what happened in the last bucket. */
function xRange(times: number[], kind: ChartProps['kind'], marks: ChartMark[] | undefined): [number, number] {
  const [first = 0, second = first + 60_000] = times;
  const last = times.at(-1) ?? first;
  const step = second - first;
  if (kind === 'bar') return [(first - step / 2) / 1000, (last + step / 2) / 1000];
  const latest = Math.max(0, ...(marks ?? []).filter(({ at }) => at <= last + step).map(({ at }) => at));
  return [first / 1000, Math.max(last, latest, first + 1) / 1000];
}

/** Marks that lie in the bucket under the crosshair. */
function marksNear(marks: ChartMark[] | undefined, times: number[], at: number): ChartMark[] {
  const step = times.length > 1 ? times[1]! - times[0]! : 60_000;
  const begin = times[at];
  if (begin === undefined) return [];
  return (marks ?? []).filter((mark) => Math.abs(mark.at - begin) <= step).slice(0, 4);
}

/** Whether series stand on one another; those of an earlier time stand beside the others' feet. */
const pilesUp = (series: ChartSeries[], kind: ChartProps['kind']): boolean =>
  (kind === 'bar' || kind === 'stacked') && series.length > 1 && !series.some((one) => one.faded);

/** How much is seen of what lies below a series' fill. */
function fillOf(series: ChartSeries[], kind: ChartProps['kind']): number {
  if (kind === 'bar') return pilesUp(series, kind) ? 1 : 0.75;
  return pilesUp(series, kind) ? 0.5 : 0.12;
}

/** In which order series are drawn: piled columns from the highest down, so that each covers the foot of the one above it. */
function orderOf(series: ChartSeries[], kind: ChartProps['kind']): number[] {
  const order = series.map((_, index) => index);
  return kind === 'bar' && pilesUp(series, kind) ? order.toReversed() : order;
}

function drawn(series: ChartSeries[], kind: ChartProps['kind']): (number | null)[][] {
  const values = series.map((one) => one.values);
  const heights = pilesUp(series, kind) ? stack(values) : values;
  return orderOf(series, kind).map((index) => heights[index]!);
}

/** Each line on top of those before it; a gap adds nothing. */
function stack(lines: (number | null)[][]): (number | null)[][] {
  const sums: number[] = [];
  const stacked = lines.map((line) =>
    line.map((value, index) => {
      sums[index] = (sums[index] ?? 0) + (value ?? 0);
      return sums[index];
    }),
  );
  return stacked;
}

function selected(plot: UPlot, tell: ChartProps['onSelect']): void {
  const { left, width } = plot.select;
  if (!tell || width < 4) return;
  tell(Math.round(plot.posToVal(left, 'x') * 1000), Math.round(plot.posToVal(left + width, 'x') * 1000));
  plot.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
}

function lastOf(values: (number | null)[]): number | null {
  return values.findLast((value) => value !== null) ?? null;
}

/** The unit of the axis at the right: a second one among lines that do not stand on one another. */
function secondUnit(series: ChartSeries[], unit: string | undefined, kind: ChartProps['kind']): string | undefined {
  if (kind !== 'line' && kind !== 'area') return undefined;
  const others = new Set(series.map((one) => one.unit).filter((one) => one !== undefined && one !== unit));
  return others.size === 1 && series.some((one) => (one.unit ?? unit) === unit) ? [...others][0] : undefined;
}

/** The ticks of an axis, in milliseconds where all lie below a second. */
function axisTexts(ticks: number[], unit: string | undefined): string[] {
  if (unit === 's' && ticks.every((tick) => Math.abs(tick) < 1))
    return ticks.map((tick) => axisText(Number((tick * 1000).toPrecision(12)), 'ms'));
  return ticks.map((tick) => axisText(tick, unit));
}

function axisText(value: number, unit: string | undefined): string {
  if (unit === 'bytes' || unit === 'bytes/s') return amountText(value, unit);
  const text =
    Math.abs(value) >= 10_000 ? Intl.NumberFormat('en', { notation: 'compact' }).format(value) : numberText(value);
  return unit === '%' || unit === 's' || unit === 'ms' ? `${text} ${unit}` : text;
}

function yRange(
  low: number | null,
  high: number | null,
  limit: number | undefined,
  { least, most, fromZero = true }: ChartAxis = {},
): [number, number] {
  const zero = fromZero ? [0] : [];
  const bottom = least ?? Math.min(low ?? 0, ...zero);
  const reached = Math.max(high ?? 1, limit ?? Number.NEGATIVE_INFINITY, ...zero);
  const top = most ?? (reached > bottom ? bottom + (reached - bottom) * 1.08 : bottom + 1);
  return [bottom, top > bottom ? top : bottom + 1];
}

/** Canvas wants colours, not custom properties. */
function resolve(element: HTMLElement, color: string): string {
  element.style.color = color;
  const value = getComputedStyle(element).color;
  element.style.color = '';
  return value;
}

function fade(color: string, alpha: number): string {
  return color.replace(/\)$/, ` / ${alpha})`);
}

function drawMarks(
  plot: UPlot,
  what: { limit: number | undefined; marks: ChartMark[] | undefined; color: (tone: string) => string },
): void {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.lineWidth = devicePixelRatio;
  ctx.setLineDash([4 * devicePixelRatio, 4 * devicePixelRatio]);
  if (what.limit !== undefined) {
    const y = plot.valToPos(what.limit, 'y', true);
    ctx.strokeStyle = what.color('bad');
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
  }
  for (const mark of what.marks ?? []) {
    const x = plot.valToPos(mark.at / 1000, 'x', true);
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    const color = what.color(mark.tone ?? 'text-faint');
    ctx.strokeStyle = color;
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    // Shape tells what colour does: a diamond for what is bad, a triangle for the rest.
    const size = 5 * devicePixelRatio;
    ctx.fillStyle = color;
    ctx.beginPath();
    ctx.moveTo(x - size, mark.tone === 'bad' ? bbox.top + size : bbox.top);
    ctx.lineTo(x, mark.tone === 'bad' ? bbox.top : bbox.top + 1.6 * size);
    ctx.lineTo(x + size, mark.tone === 'bad' ? bbox.top + size : bbox.top);
    if (mark.tone === 'bad') ctx.lineTo(x, bbox.top + 2 * size);
    ctx.fill();
  }
  ctx.restore();
}

/** Changes whenever light turns dark or back. */
function useThemeChange(): number {
  const [count, setCount] = useState(0);
  useEffect(() => {
    const changed = () => setCount((value) => value + 1);
    const watch = new MutationObserver(changed);
    watch.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] });
    const media = matchMedia('(prefers-color-scheme: dark)');
    media.addEventListener('change', changed);
    return () => {
      watch.disconnect();
      media.removeEventListener('change', changed);
    };
  }, []);
  return count;
}
