import type { DashboardDocument } from '../../../src/dashboards/api.ts';
import type { Form } from '../telemetry/forms.ts';
import { variablesOf } from './variables.ts';
import { formOf, isDrawnAsNamed, queriesOf } from './widget-settings.ts';

/** A query of a dashboard, and the charts that ask it. */
export interface AskedQuery {
  nrql: string;
  where: string[];
}

/** What a dashboard holds, as far as it can be said without asking it. */
export interface DashboardSurvey {
  charts: number;
  /** Charts of somebody's own visualization, with what stands in its place. */
  otherwise: { visualization: string; drawnAs: string; where: string[] }[];
  /** Charts that bring no query. */
  mute: string[];
  queries: AskedQuery[];
}

const drawnAs: Record<Form | 'markdown', string> = {
  line: 'lines',
  area: 'areas',
  stacked: 'areas',
  columns: 'columns over time',
  table: 'a table',
  billboard: 'numbers',
  bullet: 'bullets',
  bars: 'bars',
  pie: 'a pie',
  histogram: 'a histogram',
  heatmap: 'a heat map',
  json: 'JSON',
  markdown: 'text',
};

/** Looks through a dashboard: what is drawn otherwise than it says, and what it asks. Pure. */
export function surveyOf(document: DashboardDocument): DashboardSurvey {
  const otherwise = new Map<string, DashboardSurvey['otherwise'][number]>();
  const queries = new Map<string, AskedQuery>();
  const mute: string[] = [];
  const ask = (nrql: string, where: string) => {
    const known = queries.get(nrql);
    if (known) known.where.push(where);
    else queries.set(nrql, { nrql, where: [where] });
  };
  let charts = 0;
  for (const page of document.pages) {
    for (const widget of page.widgets) {
      const form = formOf(widget);
      const title = widget.title || 'Untitled';
      const where = document.pages.length > 1 ? `${title} (${page.name})` : title;
      if (form === 'markdown') continue;
      charts += 1;
      const { id } = widget.visualization;
      if (!isDrawnAsNamed(id)) {
        const one = otherwise.get(id) ?? { visualization: nameOf(id), drawnAs: drawnAs[form], where: [] };
        one.where.push(where);
        otherwise.set(id, one);
      }
      const asked = queriesOf(widget);
      if (asked.length === 0) mute.push(where);
      for (const nrql of asked) ask(nrql, where);
    }
  }
  for (const { nrql, title } of variablesOf(document)) if (nrql) ask(nrql, `the choices of ${title}`);
  return { charts, otherwise: [...otherwise.values()], mute, queries: [...queries.values()] };
}

/** `38301291-….kentik-map` is `kentik-map`: what stands before it says only who made it. */
const nameOf = (id: string): string => id.replace(/^[0-9a-f-]{36}\./, '');

export interface Checked {
  /** Queries that are refused, with the reason. */
  refused: (AskedQuery & { message: string })[];
  /** Event types that nothing has come in of. */
  absent: string[];
}

interface CompiledQuery {
  ok: boolean;
  problems: { severity: string; message: string; hint?: string | undefined }[];
}

/** What compiling said of each query, in the order of the queries. */
export function checked(queries: readonly AskedQuery[], compiled: readonly CompiledQuery[]): Checked {
  const refused: Checked['refused'] = [];
  const absent = new Set<string>();
  queries.forEach((query, index) => {
    for (const { severity, message } of compiled[index]?.problems ?? []) {
      if (severity === 'error') refused.push({ ...query, message });
      const type = /^Nothing of type (\S+) has come in$/.exec(message)?.[1];
      if (type) absent.add(type);
    }
  });
  return { refused, absent: [...absent].sort() };
}
