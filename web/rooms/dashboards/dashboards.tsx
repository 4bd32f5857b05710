import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { LayoutDashboard, Plus, Upload } from 'lucide-react';
import { useState } from 'react';
import { ask, type Item } from '../../app/api.ts';
import { QueryProblem } from '../../app/problem.tsx';
import { useProject } from '../../app/project.ts';
import { useRefusal } from '../../app/session.ts';
import { Tag } from '../../kit/badge.tsx';
import { Button } from '../../kit/button.tsx';
import { Empty } from '../../kit/empty.tsx';
import { plural } from '../../kit/figures.ts';
import { Page, Section } from '../../kit/page.tsx';
import { type Column, Table, TwoLines } from '../../kit/table.tsx';
import { Time } from '../../kit/time.tsx';
import { NewDashboardDialog } from './import-dialog.tsx';

type Dashboard = Item<'dashboards', 'listDashboards'>;

/** Every dashboard of a project, and those of all. */
export function DashboardsPage() {
  const { slug, slugOf } = useProject();
  const refusal = useRefusal('developer');
  const [making, setMaking] = useState<'new' | 'import'>();
  const dashboards = useQuery(ask('dashboards', 'listDashboards', { query: { project: slug, limit: 200 } }));
  const columns: Column<Dashboard>[] = [
    {
      id: 'name',
      title: 'Dashboard',
      grow: true,
      cell: (one) => (
        <TwoLines
          first={
            <Link to="/dashboards/$dashboardId" params={{ dashboardId: one.id }}>
              {one.name}
            </Link>
          }
          second={one.description ?? plural(one.widgets, 'widget')}
        />
      ),
    },
    { id: 'project', title: 'Project', wideOnly: true, cell: (one) => slugOf(one.projectId) ?? 'every project' },
    {
      id: 'source',
      title: 'Kept',
      cell: (one) => (one.path ? <Tag>{one.path.replace('.millrace/dashboards/', '')}</Tag> : 'here'),
    },
    {
      id: 'pages',
      title: 'Pages',
      numeric: true,
      wideOnly: true,
      cell: (one) => `${one.pages}`,
    },
    { id: 'by', title: 'Changed by', wideOnly: true, cell: (one) => one.updatedBy },
    { id: 'at', title: 'Changed', numeric: true, cell: (one) => <Time at={one.updatedAt} /> },
  ];
  const actions = (
    <>
      <Button icon={<Upload aria-hidden />} disabledBecause={refusal} onClick={() => setMaking('import')}>
        Import
      </Button>
      <Button look="primary" icon={<Plus aria-hidden />} disabledBecause={refusal} onClick={() => setMaking('new')}>
        New dashboard
      </Button>
    </>
  );
  return (
    <Page title="Dashboards" actions={actions}>
      <Section flush>
        <QueryProblem query={dashboards} />
        <Table
          label="Dashboards"
          columns={columns}
          rows={dashboards.data?.items}
          absent={dashboards.isError}
          rowKey={(one) => one.id}
          empty={
            <Empty icon={<LayoutDashboard />} title="No dashboards yet">
              A dashboard is a page of charts, each from a query. Import one as New Relic exports it, make one here, or
              keep files in <code>.millrace/dashboards/</code> of a repository.
            </Empty>
          }
        />
      </Section>
      {making && (
        <NewDashboardDialog kind={making} project={slug} onOpenChange={(open) => !open && setMaking(undefined)} />
      )}
    </Page>
  );
}
