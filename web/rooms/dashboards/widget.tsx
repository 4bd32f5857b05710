import { memo, useEffect, useMemo, useRef, useState } from 'react';
import type { Widget } from '../../../src/dashboards/api.ts';
import { Problem } from '../../app/problem.tsx';
import type { ChartMark } from '../../kit/chart.tsx';
import { MarkdownText } from '../../kit/markdown-text.tsx';
import type { MenuGroup } from '../../kit/menu.tsx';
import { Skeleton } from '../../kit/skeleton.tsx';
import { AnswerFigure } from '../telemetry/answer-figure.tsx';
import { ExportMenu } from '../telemetry/export-menu.tsx';
import type { TimeWindow } from '../telemetry/ranges.ts';
import { useWidgetAnswer } from './ask-widget.ts';
import styles from './dashboards.module.css';
import { type Chosen, fillIn, type Variable } from './variables.ts';
import { dressed, lookOf } from './widget-look.ts';
import { formOf, ignoresRange, queriesOf, textOf } from './widget-settings.ts';

interface WidgetCardProps {
  widget: Widget;
  project: string | undefined;
  window: TimeWindow | undefined;
  now: number;
  marks: ChartMark[];
  variables: Variable[];
  chosen: Chosen;
  onSelect: (since: number, until: number) => void;
  /** What can be done with it while the dashboard is edited. */
  editing?: MenuGroup[] | undefined;
}

const rowHeight = 64;
const gap = 12;

/** One widget in its place on the grid. Asks when it comes into view. */
export const WidgetCard = memo(function WidgetCard(props: WidgetCardProps) {
  const { widget, variables, chosen, editing } = props;
  const { column, row, width, height } = widget.layout;
  const form = formOf(widget);
  const card = useRef<HTMLElement>(null);
  const figure = useRef<HTMLDivElement>(null);
  const seen = useSeen(card);
  const queries = queriesOf(widget).map((nrql) => fillIn(nrql, variables, chosen));
  const { answer, error, pending } = useWidgetAnswer(queries, {
    project: props.project,
    window: ignoresRange(widget) ? undefined : props.window,
    now: props.now,
    enabled: seen && form !== 'markdown',
  });
  const look = useMemo(() => lookOf(widget), [widget]);
  const shown = useMemo(() => answer && dressed(answer, look), [answer, look]);
  const title = widget.title || (form === 'markdown' ? '' : 'Untitled');
  return (
    <section
      ref={card}
      className={styles.widget}
      aria-label={title || 'Text'}
      style={{
        ['--column' as string]: column,
        ['--columns' as string]: width,
        ['--row' as string]: row,
        ['--rows' as string]: height,
      }}
      data-form={form}
    >
      {(title || editing) && (
        <header className={styles.widgetHead}>
          <h2 title={title}>{title}</h2>
          {form !== 'markdown' || editing ? (
            <ExportMenu answer={answer} queries={queries} title={title} figure={figure} more={editing} />
          ) : null}
        </header>
      )}
      <div className={styles.widgetBody} ref={figure}>
        {form === 'markdown' ? (
          <MarkdownText text={textOf(widget)} />
        ) : queries.length === 0 ? (
          <p className={styles.nothing}>This widget has no query.</p>
        ) : error ? (
          <Problem error={error} />
        ) : shown ? (
          <AnswerFigure
            answer={shown}
            form={form}
            height={Math.max(90, height * (rowHeight + gap) - 96)}
            marks={props.marks}
            onSelect={props.onSelect}
            thresholds={look.thresholds}
            limit={look.limit}
            axis={look.axis}
            legend={look.legend}
            sort={look.sort}
          />
        ) : (
          pending && <Skeleton height="100%" />
        )}
      </div>
    </section>
  );
});

/** Whether an element has been in view. */
function useSeen(element: React.RefObject<HTMLElement | null>): boolean {
  const [seen, setSeen] = useState(false);
  useEffect(() => {
    if (!element.current || seen) return;
    const watch = new IntersectionObserver(
      (entries) => {
        if (entries.some((entry) => entry.isIntersecting)) setSeen(true);
      },
      { rootMargin: '200px' },
    );
    watch.observe(element.current);
    return () => watch.disconnect();
  }, [element, seen]);
  return seen;
}
