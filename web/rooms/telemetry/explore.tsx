import { useSearch } from '@tanstack/react-router';
import { lazy, Suspense } from 'react';
import { projectFlag, queryCommand } from '../../app/commands-for.ts';
import { useProject } from '../../app/project.ts';
import { Page } from '../../kit/page.tsx';
import { SkeletonRows } from '../../kit/skeleton.tsx';
import { LinkTabs } from '../../kit/tabs.tsx';
import { Ask } from './ask.tsx';

const Logs = lazy(() => import('./logs.tsx').then((module) => ({ default: module.Logs })));
const Sql = lazy(() => import('./sql.tsx').then((module) => ({ default: module.Sql })));
const Traces = lazy(() => import('./traces.tsx').then((module) => ({ default: module.Traces })));

/** Asking telemetry: queries, logs, traces. */
export function ExplorePage() {
  const search = useSearch({ from: '/shell/explore' });
  const { slug } = useProject();
  const tab = search.tab ?? 'query';
  const commands = {
    query: queryCommand(search.q ?? 'SHOW EVENT TYPES', slug),
    logs: `millrace logs${projectFlag(slug)}${search.service ? ` --service ${search.service}` : ''}${search.environment ? ` --environment ${search.environment}` : ''} --follow`,
    traces: search.trace
      ? queryCommand(`SELECT * FROM Span WHERE traceId = '${search.trace}'`)
      : queryCommand('SELECT traceId, name, duration FROM Transaction', slug),
  };
  return (
    <Page title="Explore" full command={tab === 'sql' ? undefined : commands[tab]}>
      <LinkTabs
        label="Ways to look"
        current={tab}
        items={[
          { id: 'query', label: 'Query' },
          { id: 'logs', label: 'Logs' },
          { id: 'traces', label: 'Traces' },
          { id: 'sql', label: 'SQL' },
        ]}
      />
      <Suspense fallback={<SkeletonRows />}>
        {tab === 'query' && <Ask project={slug} />}
        {tab === 'logs' && <Logs project={slug} />}
        {tab === 'sql' && <Sql />}
        {tab === 'traces' && <Traces project={slug} />}
      </Suspense>
    </Page>
  );
}
