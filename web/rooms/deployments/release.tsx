import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { Clock, GitBranch, GitCommitHorizontal, Workflow } from 'lucide-react';
import { useMemo } from 'react';
import { type Answer, ask } from '../../app/api.ts';
import { Problem, QueryProblem } from '../../app/problem.tsx';
import { Tag } from '../../kit/badge.tsx';
import { Empty } from '../../kit/empty.tsx';
import { sentences } from '../../kit/figures.ts';
import { LogLines } from '../../kit/log-lines.ts';
import { LogView } from '../../kit/log-view.tsx';
import { Facts, Page, Section } from '../../kit/page.tsx';
import { SkeletonRows } from '../../kit/skeleton.tsx';
import { type Column, Table } from '../../kit/table.tsx';
import { Time } from '../../kit/time.tsx';
import { DeployButton } from './deploy.tsx';
import { RebuildButton } from './rebuild.tsx';
import { ReleaseStatus } from './release-table.tsx';

type Release = Answer<'deployments', 'getRelease'>;
type Service = Release['services'][number];

const columns: Column<Service>[] = [
  { id: 'name', title: 'Service', main: true, cell: (service) => <strong>{service.name}</strong> },
  {
    id: 'kind',
    title: 'Kind',
    cell: (service) => (service.kind === 'backing' ? 'kept across releases' : 'part of the release'),
  },
  {
    id: 'output',
    title: 'Output',
    grow: true,
    cell: (service) => <code title={service.output?.digest}>{outputText(service)}</code>,
  },
  { id: 'ports', title: 'Ports', numeric: true, cell: (service) => service.ports.join(', ') || '–' },
  { id: 'replicas', title: 'Replicas', numeric: true, cell: (service) => service.replicas },
];

/** An image by its name; a built directory by its digest, since where it lies means nothing to a reader. */
function outputText({ output, image }: Service): string {
  if (output?.kind === 'directory') return `build ${output.digest.replace(/^sha256:/, '').slice(0, 12)}`;
  return output?.reference ?? image ?? '–';
}

/** One release: what it consists of, where it runs, how it was built. */
export function ReleasePage() {
  const { releaseId } = useParams({ from: '/shell/releases/$releaseId' });
  const query = useQuery(ask('deployments', 'getRelease', { params: { id: releaseId } }));
  const release = query.data;
  if (!release) return <Page title="Release">{query.error ? <QueryProblem query={query} /> : <SkeletonRows />}</Page>;
  return (
    <Page
      title={`Release ${release.version}`}
      trail={
        <>
          <Link to="/deployments">Deployments</Link>
          <span aria-hidden>/</span>
          <span>{release.project}</span>
        </>
      }
      status={<ReleaseStatus release={release} />}
      facts={
        <Facts>
          <span>
            <GitCommitHorizontal aria-hidden />
            <code>{release.sha.slice(0, 7)}</code> {release.message}
          </span>
          {release.branch && (
            <span>
              <GitBranch aria-hidden />
              {release.branch}
            </span>
          )}
          {release.runId && (
            <Link to="/runs/$runId" params={{ runId: release.runId }}>
              <Workflow aria-hidden />
              Pipeline run
            </Link>
          )}
          <span>
            <Clock aria-hidden />
            <Time at={release.createdAt} />
          </span>
          {release.removedAt && <span>Only the builds of the newest releases are kept</span>}
          {release.environments
            .filter((one) => one.current || one.bad)
            .map((one) => (
              <Tag key={one.name} tone={one.bad ? 'bad' : 'good'} title={one.bad ?? ''}>
                {one.bad ? `bad in ${one.name}` : `live in ${one.name}`}
              </Tag>
            ))}
        </Facts>
      }
      actions={
        <>
          {release.removedAt && <RebuildButton release={release} />}
          <DeployButton release={release} />
        </>
      }
      command={
        release.removedAt
          ? `millrace rebuild ${release.version} --project ${release.project}`
          : `millrace deploy ENVIRONMENT --release ${release.version} --project ${release.project}`
      }
    >
      {release.reason && release.status !== 'ready' && <Problem error={new Error(release.reason)} />}
      {release.problems.length > 0 && (
        <Section title="Problems and notes">
          <ul>
            {release.problems.map((problem) => (
              <li key={`${problem.file}:${problem.line}:${problem.message}`}>
                {problem.file && (
                  <code>
                    {problem.file}:{problem.line ?? 1}{' '}
                  </code>
                )}
                {sentences(problem.message, problem.hint)}
              </li>
            ))}
          </ul>
        </Section>
      )}
      <Section flush title="Services">
        <Table
          label="Services"
          columns={columns}
          rows={release.services}
          rowKey={(service) => service.name}
          empty={<Empty title="No services">{release.reason ?? 'The commit holds nothing that could run.'}</Empty>}
        />
      </Section>
      <BuildLog release={release} />
    </Page>
  );
}

function BuildLog({ release }: { release: Release }) {
  const building = release.status === 'queued' || release.status === 'building';
  const log = useQuery({
    ...ask('deployments', 'getReleaseLog', { params: { id: release.id }, query: { after: 0 } }),
    refetchInterval: building ? 1500 : false,
  });
  const lines = useMemo(() => {
    const all = new LogLines();
    all.put(
      0,
      (log.data?.lines ?? []).map((line) => ({
        text: line.service ? `${line.service} | ${line.text}` : line.text,
        at: Date.parse(line.at),
      })),
    );
    return all;
  }, [log.data]);
  return (
    <Section flush title="Build log">
      <QueryProblem query={log} />
      <LogView lines={lines} revision={lines.count} live={building} />
    </Section>
  );
}
