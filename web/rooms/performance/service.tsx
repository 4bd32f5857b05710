import { useMutation } from '@tanstack/react-query';
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { LayoutDashboard } from 'lucide-react';
import { useCallback, useMemo } from 'react';
import { api } from '../../app/api.ts';
import { Problem } from '../../app/problem.tsx';
import { useProject } from '../../app/project.ts';
import { useRefusal } from '../../app/session.ts';
import { Button } from '../../kit/button.tsx';
import { Facts, Page } from '../../kit/page.tsx';
import boards from '../dashboards/dashboards.module.css';
import { WidgetCard } from '../dashboards/widget.tsx';
import { useMarks } from '../telemetry/use-marks.ts';
import { serviceDashboard } from './apm.ts';
import { useShown } from './use-shown.tsx';

const noVariables: [] = [];
const nothingChosen = {};

/** One service: how much it does, how fast and how well, what is slow, and what it waits for. Nothing is set up for it. */
export function ServicePage() {
  const { service } = useParams({ from: '/shell/services/$service' });
  const search = useSearch({ from: '/shell/services/$service' });
  const navigate = useNavigate({ from: '/services/$service' });
  const refusal = useRefusal('developer');
  const { slug } = useProject();
  const { environment } = search;
  const { window, now, bar } = useShown(
    search,
    slug,
    (change) => void navigate({ search: (before) => ({ ...before, ...change }) }),
  );
  const marks = useMarks(window);
  const dashboard = useMemo(() => serviceDashboard(service, environment), [service, environment]);
  const select = useCallback(
    (begin: number, end: number) => void navigate({ search: (before) => ({ ...before, from: begin, to: end }) }),
    [navigate],
  );
  const copy = useMutation({
    mutationFn: () =>
      api.dashboards.createDashboard({
        body: { project: slug ?? null, document: dashboard },
      }),
    onSuccess: (made) => void navigate({ to: '/dashboards/$dashboardId', params: { dashboardId: made.id } }),
  });
  return (
    <Page
      full
      title={service}
      trail={
        <Link to="/services" search={(before) => ({ project: before.project })}>
          Services
        </Link>
      }
      facts={
        <Facts>
          <Link to="/explore" search={(before) => ({ project: before.project, tab: 'logs', service, environment })}>
            Logs
          </Link>
          <Link to="/errors" search={(before) => ({ project: before.project, q: `service:${service}`, environment })}>
            Errors
          </Link>
          <Link to="/services" search={(before) => ({ project: before.project, tab: 'map', environment })}>
            Map
          </Link>
        </Facts>
      }
      actions={
        <Button
          icon={<LayoutDashboard aria-hidden />}
          disabledBecause={refusal}
          busy={copy.isPending}
          onClick={() => copy.mutate()}
        >
          Copy as dashboard
        </Button>
      }
    >
      {bar}
      {copy.error && <Problem error={copy.error} />}
      <div className={boards.grid}>
        {dashboard.pages[0]!.widgets.map((widget) => (
          <WidgetCard
            key={widget.title}
            {...{ widget, window, now, marks }}
            project={slug}
            variables={noVariables}
            chosen={nothingChosen}
            onSelect={select}
          />
        ))}
      </div>
    </Page>
  );
}
