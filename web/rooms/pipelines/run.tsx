import { useQuery } from '@tanstack/react-query';
import { Link, useParams, useSearch } from '@tanstack/react-router';
import { Clock, GitBranch, GitCommitHorizontal, Tag as TagIcon, Timer, UserRound } from 'lucide-react';
import { useMemo } from 'react';
import { type Answer, ask } from '../../app/api.ts';
import { projectFlag } from '../../app/commands-for.ts';
import { QueryProblem } from '../../app/problem.tsx';
import { useProject } from '../../app/project.ts';
import { Status } from '../../kit/badge.tsx';
import { Empty } from '../../kit/empty.tsx';
import { groupBy } from '../../kit/group-by.ts';
import { Facts, Page, Section } from '../../kit/page.tsx';
import { SkeletonRows } from '../../kit/skeleton.tsx';
import { statusLook } from '../../kit/status.ts';
import { LinkTabs } from '../../kit/tabs.tsx';
import { Duration, Time } from '../../kit/time.tsx';
import { Artifacts } from './artifacts.tsx';
import { Diagnostics } from './diagnostics.tsx';
import { JobGraph } from './job-graph.tsx';
import { leadingJob } from './job-nodes.ts';
import { JobPanel } from './job-panel.tsx';
import { RunActions } from './run-actions.tsx';
import { Tests } from './tests.tsx';
import { RunTiming } from './timing.tsx';

type Run = Answer<'pipelines', 'getRun'>;

/** One run: its jobs as a graph, the job that matters open at the step that matters. */
export function RunPage() {
  const { runId } = useParams({ from: '/shell/runs/$runId' });
  const search = useSearch({ from: '/shell/runs/$runId' });
  const { slugOf } = useProject();
  const query = useQuery(ask('pipelines', 'getRun', { params: { id: runId } }));
  const tests = useQuery(ask('pipelines', 'listTests', { params: { id: runId }, query: { limit: 100 } }));
  const artifacts = useQuery(ask('pipelines', 'listArtifacts', { params: { id: runId } }));
  const run = query.data;
  if (!run) {
    return <Page title="Run">{query.error ? <QueryProblem query={query} /> : <SkeletonRows />}</Page>;
  }
  const project = slugOf(run.projectId);
  const tab = search.tab ?? 'jobs';
  const failedTests =
    tests.data?.items.filter((test) => test.status === 'failed' || test.status === 'error').length ?? 0;
  const errors = run.diagnostics.filter((problem) => problem.severity === 'error').length;
  return (
    <Page
      title={run.commit.message.split('\n')[0] || `Run ${run.number}`}
      trail={
        <>
          <Link to="/pipelines">Pipelines</Link>
          <span aria-hidden>/</span>
          {project && <span>{project}</span>}
          <span aria-hidden>/</span>
          <span>Run {run.number}</span>
        </>
      }
      status={
        <span role="status">
          <Status status={run.status} boxed />
        </span>
      }
      facts={<RunFacts run={run} />}
      actions={<RunActions run={run} />}
      command={`millrace logs ${run.number}${projectFlag(project)}${run.status === 'failed' ? ' --failed' : ''}`}
    >
      <LinkTabs
        label="Parts of this run"
        current={tab}
        items={[
          { id: 'jobs', label: 'Jobs', count: run.jobs.length },
          { id: 'timing', label: 'Timing' },
          {
            id: 'tests',
            label: failedTests > 0 ? 'Failed tests' : 'Tests',
            count: failedTests || tests.data?.items.length,
            alert: failedTests > 0,
          },
          { id: 'artifacts', label: 'Artifacts', count: artifacts.data?.items.length },
          { id: 'file', label: 'Pipeline file', count: run.diagnostics.length || undefined, alert: errors > 0 },
        ]}
      />
      {tab === 'jobs' && <Jobs run={run} />}
      {tab === 'timing' && <RunTiming run={run} />}
      {tab === 'tests' && <Tests run={run} />}
      {tab === 'artifacts' && <Artifacts items={artifacts.data?.items} run={run} />}
      {tab === 'file' && <Diagnostics run={run} />}
    </Page>
  );
}

function RunFacts({ run }: { run: Run }) {
  return (
    <Facts>
      <span>
        {run.tag ? <TagIcon aria-hidden /> : <GitBranch aria-hidden />}
        {run.branch ?? run.tag}
      </span>
      <span>
        <GitCommitHorizontal aria-hidden />
        <code title={run.sha}>{run.sha.slice(0, 7)}</code>
      </span>
      <span>
        <UserRound aria-hidden />
        {run.commit.author.name}
      </span>
      <span title="Time it ran">
        <Timer aria-hidden />
        {run.startedAt ? <Duration from={run.startedAt} to={run.finishedAt} /> : 'not started'}
      </span>
      <span>
        <Clock aria-hidden />
        <Time at={run.queuedAt} />
      </span>
      {run.rerunOf && (
        <Link to="/runs/$runId" params={{ runId: run.rerunOf }}>
          Rerun of an earlier run
        </Link>
      )}
    </Facts>
  );
}

function Jobs({ run }: { run: Run }) {
  const search = useSearch({ from: '/shell/runs/$runId' });
  const workflows = useMemo(() => groupBy(run.jobs, (job) => job.workflow), [run.jobs]);
  const selected = run.jobs.find((job) => job.id === search.job) ?? jobToOpen(run);
  if (!selected) {
    if (run.diagnostics.length > 0) return <Diagnostics run={run} />;
    return (
      <Empty title={statusLook(run.status).word}>Its jobs appear here as soon as the pipeline file is read.</Empty>
    );
  }
  return (
    <>
      {[...workflows].map(([workflow, jobs]) => (
        <Section key={workflow} flush title={workflows.size > 1 || workflow !== 'workflow' ? workflow : undefined}>
          <JobGraph workflow={workflow} jobs={jobs} selected={selected.id} />
        </Section>
      ))}
      <JobPanel job={selected} jobs={run.jobs} />
    </>
  );
}

/** The job that matters now: one that failed, waits for a person, runs; else the first that did something. */
function jobToOpen(run: Run) {
  const order = ['failed', 'infrastructure_fail', 'on_hold', 'running', 'queued'];
  for (const status of order) {
    const found = run.jobs.find((job) => job.status === status);
    if (found) return found;
  }
  const built = run.jobs.filter((job) => job.kind === 'build');
  return built.length > 0 ? leadingJob(built) : run.jobs[0];
}
