import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Link, useParams, useSearch } from '@tanstack/react-router';
import { ChevronLeft, ChevronRight } from 'lucide-react';
import { type Answer, ask } from '../../app/api.ts';
import { queryCommand } from '../../app/commands-for.ts';
import { QueryProblem } from '../../app/problem.tsx';
import { useProject } from '../../app/project.ts';
import { Status, Tag } from '../../kit/badge.tsx';
import { buttonClass } from '../../kit/button.tsx';
import { Empty } from '../../kit/empty.tsx';
import { plural } from '../../kit/figures.ts';
import { Facts, Page, Section } from '../../kit/page.tsx';
import { SkeletonRows } from '../../kit/skeleton.tsx';
import { LinkTabs } from '../../kit/tabs.tsx';
import { Time } from '../../kit/time.tsx';
import { Activity } from './activity.tsx';
import { CommentForm } from './comment-form.tsx';
import { EventTable } from './event-table.tsx';
import { EventView } from './event-view.tsx';
import { Grouping } from './grouping.tsx';
import styles from './issue.module.css';
import { IssueActions } from './issue-actions.tsx';
import { IssueCause } from './issue-cause.tsx';
import { IssueHashes } from './issue-hashes.tsx';
import { issueState } from './issue-mark.tsx';
import { IssueSide } from './issue-side.tsx';
import { TagBars } from './tag-bars.tsx';

type Issue = Answer<'errors', 'getIssue'>;

/** One issue: what happened, where, since when, and who or what is to blame. */
export function IssuePage() {
  const { issueId } = useParams({ from: '/shell/errors/$issueId' });
  const search = useSearch({ from: '/shell/errors/$issueId' });
  const query = useQuery(ask('errors', 'getIssue', { params: { issueId }, query: { period: '7d' } }));
  const issue = query.data;
  const eventId = search.event ?? issue?.latestEventId;
  const event = useQuery({
    ...ask('errors', 'getEvent', { params: { eventId: eventId ?? '' } }),
    enabled: Boolean(eventId),
    placeholderData: keepPreviousData,
  });
  const { slugOf } = useProject();
  if (!issue) return <Page title="Issue">{query.error ? <QueryProblem query={query} /> : <SkeletonRows />}</Page>;
  const tab = search.tab ?? 'event';
  const state = issueState(issue);
  const slug = slugOf(issue.projectId);
  return (
    <Page
      title={issue.title}
      heading={`${issue.shortId} ${issue.title}`}
      trail={
        <>
          <Link to="/errors">Errors</Link>
          <span aria-hidden>/</span>
          <span>{issue.shortId}</span>
        </>
      }
      status={<Status status={state.status} word={state.word.split(':')[0]} boxed />}
      facts={<IssueFacts issue={issue} />}
      actions={<IssueActions issue={issue} />}
      command={queryCommand(`SELECT * FROM ErrorEvent WHERE issueId = '${issue.id}'`)}
    >
      <div className={styles.columns}>
        <IssueCause issue={issue} />
        <div className={styles.main}>
          <LinkTabs
            label="Parts of this issue"
            current={tab}
            items={[
              { id: 'event', label: 'Event' },
              { id: 'events', label: 'All events', count: issue.keptEvents },
              { id: 'tags', label: 'Tags' },
              { id: 'activity', label: 'Activity', count: issue.activity.length },
              { id: 'grouping', label: 'Grouping' },
            ]}
          >
            {tab === 'event' && event.data && <Neighbours event={event.data} />}
          </LinkTabs>
          {tab === 'event' && (
            <>
              <QueryProblem query={event} />
              {event.isPending && eventId && <SkeletonRows />}
              {event.data && <EventView event={event.data} projectId={issue.projectId} />}
              {!eventId && (
                <Empty title="No event is kept any more">Its figures stay; the events were thinned out.</Empty>
              )}
            </>
          )}
          {tab === 'events' && <EventTable issueId={issue.id} />}
          {tab === 'tags' && <TagBars issueId={issue.id} />}
          {tab === 'activity' && (
            <>
              <CommentForm issueId={issue.id} />
              <Activity items={issue.activity} />
            </>
          )}
          {tab === 'grouping' && (
            <>
              {event.data && (
                <Section
                  title="Why these events are one issue"
                  aside={
                    slug && (
                      <Link to="/projects/$projectSlug" params={{ projectSlug: slug }} search={{ tab: 'errors' }}>
                        Rules of the project
                      </Link>
                    )
                  }
                >
                  <Grouping grouping={event.data.grouping} />
                </Section>
              )}
              <IssueHashes issueId={issue.id} />
            </>
          )}
        </div>
        <IssueSide issue={issue} />
      </div>
    </Page>
  );
}

function IssueFacts({ issue }: { issue: Issue }) {
  return (
    <Facts>
      <code>{issue.culprit}</code>
      <Tag tone={issue.level === 'fatal' || issue.level === 'error' ? 'bad' : 'warn'}>{issue.level}</Tag>
      {issue.handled === false && <Tag>unhandled</Tag>}
      <span>{plural(issue.count, 'event')}</span>
      {issue.users > 0 && <span>{plural(issue.users, 'user')}</span>}
      <span>
        last <Time at={issue.lastSeenAt} />
      </span>
      {issue.lastRelease && <Tag>{issue.lastRelease}</Tag>}
    </Facts>
  );
}

function Neighbours({ event }: { event: Answer<'errors', 'getEvent'> }) {
  const step = (id: string | null, label: string, icon: React.ReactNode) =>
    id && (
      <Link
        to="/errors/$issueId"
        params={{ issueId: event.issueId }}
        search={{ event: id }}
        className={buttonClass('quiet')}
        aria-label={label}
        title={label}
        replace
        resetScroll={false}
      >
        {icon}
      </Link>
    );
  return (
    <span className={styles.neighbours}>
      {step(event.previousId, 'Event before', <ChevronLeft aria-hidden />)}
      <Time at={event.at} />
      {step(event.nextId, 'Event after', <ChevronRight aria-hidden />)}
    </span>
  );
}
