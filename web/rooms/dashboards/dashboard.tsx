import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { Copy, Download, Ellipsis, ListChecks, Pencil, Plus, Trash2 } from 'lucide-react';
import { useCallback, useEffect, useMemo, useState } from 'react';
import type { DashboardDocument, Widget } from '../../../src/dashboards/api.ts';
import { type Answer, ApiError, api, ask } from '../../app/api.ts';
import { Problem, QueryProblem } from '../../app/problem.tsx';
import { useProject } from '../../app/project.ts';
import { useRefusal } from '../../app/session.ts';
import { Tag } from '../../kit/badge.tsx';
import { Button, IconButton } from '../../kit/button.tsx';
import { Confirm } from '../../kit/dialog.tsx';
import { Empty } from '../../kit/empty.tsx';
import { FilterBar } from '../../kit/filter-bar.tsx';
import { InOrder } from '../../kit/in-order.tsx';
import { Menu } from '../../kit/menu.tsx';
import { Page } from '../../kit/page.tsx';
import { fileName, saveFile } from '../../kit/save-file.ts';
import { SkeletonRows } from '../../kit/skeleton.tsx';
import { RangeSelect } from '../telemetry/range-select.tsx';
import { windowOf } from '../telemetry/ranges.ts';
import { useMarks } from '../telemetry/use-marks.ts';
import styles from './dashboards.module.css';
import { addWidget, placeWidget, removeWidget, replaceWidget } from './edit.ts';
import { JsonDialog } from './json-dialog.tsx';
import { VariableBar } from './variable-bar.tsx';
import { readChosen, variablesOf, writeChosen } from './variables.ts';
import { WidgetCard } from './widget.tsx';
import { WidgetForm } from './widget-form.tsx';
import { WorksDialog } from './works-dialog.tsx';

type Dashboard = Answer<'dashboards', 'getDashboard'>;

const refreshMs = 30_000;
const blank: Widget = {
  title: '',
  visualization: { id: 'viz.line' },
  rawConfiguration: {},
  layout: { column: 1, row: 1, width: 6, height: 3 },
};

/** A dashboard: its charts under one time range and one crosshair, and the same while it is edited. */
export function DashboardPage() {
  const { dashboardId } = useParams({ from: '/shell/dashboards/$dashboardId' });
  const query = useQuery(ask('dashboards', 'getDashboard', { params: { id: dashboardId } }));
  if (!query.data) {
    return (
      <Page title="Dashboard">
        <QueryProblem query={query} />
        {query.isPending && <SkeletonRows />}
      </Page>
    );
  }
  return <Shown key={query.data.id} dashboard={query.data} />;
}

function Shown({ dashboard }: { dashboard: Dashboard }) {
  const search = useSearch({ from: '/shell/dashboards/$dashboardId' });
  const navigate = useNavigate({ from: '/dashboards/$dashboardId' });
  const queries = useQueryClient();
  const { slug, slugOf } = useProject();
  const refusal = useRefusal('developer');
  const project = slugOf(dashboard.projectId) ?? slug;
  const [draft, setDraft] = useState<{ document: DashboardDocument; version: number } | undefined>(() =>
    search.edit && !dashboard.path ? { document: dashboard.document, version: dashboard.version } : undefined,
  );
  const [form, setForm] = useState<{ widget: number | 'new' }>();
  const [asJson, setAsJson] = useState(false);
  const [deleting, setDeleting] = useState(false);
  const document = draft?.document ?? dashboard.document;
  const pageIndex = Math.min(Math.max((search.page ?? 1) - 1, 0), document.pages.length - 1);
  const page = document.pages[pageIndex]!;
  const now = useNow(draft !== undefined);
  const { since, from, to } = search;
  const window = useMemo(() => windowOf({ since, from, to }, now), [since, from, to, now]);
  // Charts with times of their own are marked over the last day.
  const shown = useMemo(() => window ?? { since: now - 86_400_000, until: now }, [window, now]);
  const marks = useMarks(shown);
  const variables = useMemo(() => variablesOf(document), [document]);
  const chosen = useMemo(() => readChosen(search), [search]);
  const select = useCallback(
    (since: number, until: number) => void navigate({ search: (before) => ({ ...before, from: since, to: until }) }),
    [navigate],
  );
  const change = (next: DashboardDocument) => draft && setDraft({ ...draft, document: next });
  const save = useMutation({
    mutationFn: () =>
      api.dashboards.updateDashboard({
        params: { id: dashboard.id },
        body: { document: document },
        ifMatch: String(draft?.version ?? dashboard.version),
      }),
    onSuccess: (saved) => {
      queries.setQueryData(ask('dashboards', 'getDashboard', { params: { id: dashboard.id } }).queryKey, saved);
      setDraft(undefined);
      void navigate({ search: ({ edit: _, ...rest }) => rest, replace: true });
    },
  });
  const copy = useMutation({
    mutationFn: () =>
      api.dashboards.createDashboard({
        body: {
          project: project ?? null,
          document: { ...dashboard.document, name: `${dashboard.name}, copy` },
        },
      }),
    onSuccess: (made) => void navigate({ to: '/dashboards/$dashboardId', params: { dashboardId: made.id } }),
  });
  const stale = save.error instanceof ApiError && save.error.status === 412;
  return (
    <Page
      full
      title={document.name}
      trail={<Link to="/dashboards">Dashboards</Link>}
      status={draft ? <Tag>being edited</Tag> : dashboard.path ? <Tag>{dashboard.path}</Tag> : undefined}
      facts={document.description}
      actions={
        draft ? (
          <>
            <Button icon={<Plus aria-hidden />} onClick={() => setForm({ widget: 'new' })}>
              Add a chart
            </Button>
            <Button onClick={() => setAsJson(true)}>As JSON</Button>
            <Button
              onClick={() => {
                setDraft(undefined);
                save.reset();
              }}
            >
              Discard
            </Button>
            <Button look="primary" busy={save.isPending} onClick={() => save.mutate()}>
              Save
            </Button>
          </>
        ) : (
          <>
            <Button
              icon={<Pencil aria-hidden />}
              disabledBecause={
                refusal ??
                (dashboard.path ? 'It follows a file of the repository. Change the file, or copy it.' : undefined)
              }
              onClick={() => setDraft({ document: dashboard.document, version: dashboard.version })}
            >
              Edit
            </Button>
            <Menu
              align="end"
              trigger={
                <IconButton label="More">
                  <Ellipsis aria-hidden />
                </IconButton>
              }
              groups={[
                {
                  id: 'do',
                  items: [
                    {
                      id: 'export',
                      label: 'Export as JSON',
                      icon: <Download aria-hidden />,
                      onSelect: () =>
                        saveFile(
                          `${JSON.stringify(dashboard.document, null, 2)}\n`,
                          fileName(dashboard.name, 'json'),
                          'application/json',
                        ),
                    },
                    {
                      id: 'works',
                      label: 'What of it works here',
                      icon: <ListChecks aria-hidden />,
                      onSelect: () => void navigate({ search: (before) => ({ ...before, works: true }) }),
                    },
                    {
                      id: 'copy',
                      label: 'Make a copy',
                      icon: <Copy aria-hidden />,
                      disabled: refusal !== undefined,
                      onSelect: () => copy.mutate(),
                    },
                    {
                      id: 'delete',
                      label: 'Delete',
                      icon: <Trash2 aria-hidden />,
                      danger: true,
                      disabled: refusal !== undefined || dashboard.path !== null,
                      onSelect: () => setDeleting(true),
                    },
                  ],
                },
              ]}
            />
          </>
        )
      }
    >
      {document.pages.length > 1 && <PageTabs document={document} current={pageIndex} />}
      <FilterBar>
        <RangeSelect
          value={search}
          none="Time: as each chart says"
          onChange={(range) => void navigate({ search: (before) => ({ ...before, ...range }) })}
        />
        <VariableBar
          variables={variables}
          chosen={chosen}
          project={project}
          onChange={(name, values) =>
            void navigate({ search: (before) => ({ ...before, [`var-${name}`]: writeChosen(values) }) })
          }
        />
      </FilterBar>
      {save.error && (
        <Problem
          error={save.error}
          retry={stale ? () => setDraft({ document, version: dashboard.version }) : undefined}
        />
      )}
      {copy.error && <Problem error={copy.error} />}
      {page.widgets.length === 0 ? (
        <Empty title="No charts on this page yet">
          {draft ? 'Add one: a query, and how its answer is shown.' : 'Press Edit to add one.'}
        </Empty>
      ) : (
        <div className={styles.grid}>
          <InOrder key={pageIndex} items={page.widgets}>
            {(widget, index) => {
              const spot = { page: pageIndex, widget: index };
              const { column, row, width, height } = widget.layout;
              const move = (label: string, to: Partial<Widget['layout']>) => ({
                id: label,
                label,
                onSelect: () => change(placeWidget(document, spot, to)),
              });
              return (
                <WidgetCard
                  {...{ widget, project, window, now, marks, variables, chosen }}
                  onSelect={select}
                  editing={
                    draft && [
                      {
                        id: 'edit',
                        items: [
                          {
                            id: 'change',
                            label: 'Change',
                            icon: <Pencil aria-hidden />,
                            onSelect: () => setForm({ widget: index }),
                          },
                          {
                            id: 'remove',
                            label: 'Remove',
                            icon: <Trash2 aria-hidden />,
                            danger: true,
                            onSelect: () => change(removeWidget(document, spot)),
                          },
                        ],
                      },
                      {
                        id: 'place',
                        title: 'Place',
                        items: [
                          move('Left', { column: column - 1 }),
                          move('Right', { column: column + 1 }),
                          move('Up', { row: row - 1 }),
                          move('Down', { row: row + 1 }),
                          move('Wider', { width: width + 1 }),
                          move('Narrower', { width: width - 1 }),
                          move('Higher', { height: height + 1 }),
                          move('Lower', { height: height - 1 }),
                        ],
                      },
                    ]
                  }
                />
              );
            }}
          </InOrder>
        </div>
      )}
      {form && (
        <WidgetForm
          widget={form.widget === 'new' ? blank : page.widgets[form.widget]!}
          project={project}
          action={form.widget === 'new' ? 'Add a chart' : 'Change the chart'}
          onOpenChange={(open) => !open && setForm(undefined)}
          onDone={(widget) =>
            change(
              form.widget === 'new'
                ? addWidget(document, pageIndex, widget)
                : replaceWidget(document, { page: pageIndex, widget: form.widget }, widget),
            )
          }
        />
      )}
      {deleting && (
        <Confirm
          title={`Delete the dashboard ${dashboard.name}?`}
          action="Delete dashboard"
          danger
          onOpenChange={setDeleting}
          onConfirm={async () => {
            await api.dashboards.deleteDashboard({ params: { id: dashboard.id } });
            await navigate({ to: '/dashboards', search: ({ project: kept }) => ({ project: kept }) });
          }}
        >
          Its charts go with it; what they show stays. It cannot be brought back.
        </Confirm>
      )}
      {search.works && (
        <WorksDialog
          document={document}
          project={project}
          onOpenChange={() => void navigate({ search: ({ works: _, ...rest }) => rest, replace: true })}
        />
      )}
      {asJson && <JsonDialog document={document} onDone={change} onOpenChange={setAsJson} />}
    </Page>
  );
}

function PageTabs({ document, current }: { document: DashboardDocument; current: number }) {
  return (
    <nav className={styles.pages} aria-label="Pages">
      <InOrder items={document.pages}>
        {(page, index) => (
          <Link
            to="/dashboards/$dashboardId"
            from="/dashboards/$dashboardId"
            search={(before) => ({ ...before, page: index === 0 ? undefined : index + 1 })}
            aria-current={index === current ? 'page' : undefined}
          >
            {page.name}
          </Link>
        )}
      </InOrder>
    </nav>
  );
}

/** Unix ms, looked at again every half minute unless it shall stand still. */
function useNow(still: boolean): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    if (still) return;
    const timer = setInterval(() => {
      if (!globalThis.document.hidden) setNow(Date.now());
    }, refreshMs);
    return () => clearInterval(timer);
  }, [still]);
  return now;
}
