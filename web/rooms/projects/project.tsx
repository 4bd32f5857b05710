import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { Trash2 } from 'lucide-react';
import { type Answer, api, ask } from '../../app/api.ts';
import { QueryProblem } from '../../app/problem.tsx';
import { useRefusal } from '../../app/session.ts';
import { Button } from '../../kit/button.tsx';
import { CodeBlock } from '../../kit/copy.tsx';
import { Confirm } from '../../kit/dialog.tsx';
import { Facts, Page, Section } from '../../kit/page.tsx';
import { SkeletonRows } from '../../kit/skeleton.tsx';
import { LinkTabs } from '../../kit/tabs.tsx';
import { Arrivals } from './arrivals.tsx';
import { ErrorSettings } from './error-settings.tsx';
import { GroupingRules } from './grouping-rules.tsx';
import { ProjectForm } from './project-form.tsx';
import { ProjectSecrets } from './project-secrets.tsx';
import { Push } from './push.tsx';
import { Remote } from './remote.tsx';
import { Scrubbing } from './scrubbing.tsx';

const tabs = ['push', 'errors', 'secrets', 'remote', 'general'] as const;

/** A project's own settings: how to push, where errors go, its secrets, its mirror. */
export function ProjectPage() {
  const { projectSlug } = useParams({ from: '/shell/projects/$projectSlug' });
  const search = useSearch({ from: '/shell/projects/$projectSlug' });
  const query = useQuery(ask('projects', 'get', { params: { project: projectSlug } }));
  const project = query.data;
  if (!project) return <Page title="Project">{query.error ? <QueryProblem query={query} /> : <SkeletonRows />}</Page>;
  const tab = tabs.find((one) => one === search.tab) ?? 'push';
  return (
    <Page
      title={project.name}
      trail={
        <Link to="/settings" search={{ tab: 'projects' }}>
          Projects
        </Link>
      }
      facts={
        <Facts>
          <code>{project.slug}</code>
          <span>default branch {project.defaultBranch}</span>
          {project.settings.description && <span>{project.settings.description}</span>}
        </Facts>
      }
      command={`millrace project show ${project.slug}`}
    >
      <LinkTabs
        label="Parts of this project"
        current={tab}
        items={[
          { id: 'push', label: 'Push' },
          { id: 'errors', label: 'Errors and telemetry' },
          { id: 'secrets', label: 'Secrets' },
          { id: 'remote', label: 'Mirror and webhook' },
          { id: 'general', label: 'General' },
        ]}
      />
      {tab === 'push' && <Push project={project} />}
      {tab === 'errors' && (
        <>
          <Addresses dsn={project.dsn} />
          <Arrivals project={project.slug} />
          <ErrorSettings project={project.slug} />
          <GroupingRules project={project.slug} />
          <Scrubbing project={project.slug} />
        </>
      )}
      {tab === 'secrets' && <ProjectSecrets project={project.slug} />}
      {tab === 'remote' && <Remote project={project} />}
      {tab === 'general' && (
        <>
          <ProjectForm project={project} key={project.version} />
          <DeleteProject project={project} />
        </>
      )}
    </Page>
  );
}

function DeleteProject({ project }: { project: Answer<'projects', 'get'> }) {
  const navigate = useNavigate();
  const queries = useQueryClient();
  const refusal = useRefusal('owner');
  return (
    <Section title="Delete">
      <p style={{ marginBottom: 'var(--space-3)' }}>
        Its repository, runs and environments go with it and cannot be brought back. What happened stays in the
        timeline.
      </p>
      <Confirm
        trigger={
          <Button icon={<Trash2 aria-hidden />} disabledBecause={refusal}>
            Delete project
          </Button>
        }
        title={`Delete project ${project.name}?`}
        action={`Delete ${project.name}`}
        danger
        onConfirm={async () => {
          await api.projects.remove({ params: { project: project.slug } });
          await queries.invalidateQueries({ queryKey: ['projects'] });
          await navigate({ to: '/settings', search: { tab: 'projects', project: undefined } });
        }}
      >
        Its repository goes with it and cannot be brought back. What happened stays in the timeline.
      </Confirm>
    </Section>
  );
}

function Addresses({ dsn }: { dsn: string }) {
  return (
    <>
      <Section title="Errors (any Sentry SDK)">
        <CodeBlock label="DSN" code={dsn} />
      </Section>
      <Section title="Traces, metrics and logs (OpenTelemetry)">
        <CodeBlock label="OpenTelemetry settings" code={otlpSettings(dsn)} />
        <p style={{ marginTop: 'var(--space-3)', color: 'var(--text-quiet)' }}>
          Services that Millrace deploys get both by themselves.
        </p>
      </Section>
      <Section title="Pages of a product (browser script)">
        <CodeBlock label="Script for pages" code={browserSnippet(dsn)} />
        <p style={{ marginTop: 'var(--space-3)', color: 'var(--text-quiet)' }}>
          Goes into the head of each page. It tells page views, web vitals, time on page and errors; nothing from
          browsers that ask not to be tracked. With <code>data-consent=&quot;required&quot;</code> it waits for{' '}
          <code>millrace.consent(true)</code>. Your own events:{' '}
          <code>millrace.event(&apos;Purchase&apos;, {'{ total: 30 }'})</code>.
        </p>
      </Section>
    </>
  );
}

/** The key of a project is the same for both: it stands before the @ of the DSN. */
function otlpSettings(dsn: string): string {
  const { origin, username } = new URL(dsn);
  return [
    `OTEL_EXPORTER_OTLP_ENDPOINT=${origin}`,
    'OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf',
    `OTEL_EXPORTER_OTLP_HEADERS=authorization=Bearer%20${username}`,
  ].join('\n');
}

/** The script for pages with the project's key, ready to paste. */
function browserSnippet(dsn: string): string {
  const { origin, username } = new URL(dsn);
  return `<script async src="${origin}/browser/millrace.js" data-key="${username}"\n  data-service="web" data-environment="production"></script>`;
}
