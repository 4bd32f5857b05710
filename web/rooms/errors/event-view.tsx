import { Link } from '@tanstack/react-router';
import type { Answer } from '../../app/api.ts';
import { Tag } from '../../kit/badge.tsx';
import { bytesText } from '../../kit/figures.ts';
import { InOrder } from '../../kit/in-order.tsx';
import { Pairs, Section } from '../../kit/page.tsx';
import { Breadcrumbs } from './breadcrumbs.tsx';
import { EventLogs } from './event-logs.tsx';
import { EventState } from './event-state.tsx';
import styles from './event-view.module.css';
import { isPartOfReplay, Replay } from './replay.tsx';
import { Stack } from './stack.tsx';
import { UserFeedback } from './user-feedback.tsx';

type ErrorEvent = Answer<'errors', 'getEvent'>;

const pairs = (items: { key: string; value: string }[]) =>
  items.map((item) => ({ key: item.key, name: item.key, value: item.value ? <code>{item.value}</code> : '–' }));

/** What one event brought: stack first, then how it came to it, then everything else. */
export function EventView({ event, projectId }: { event: ErrorEvent; projectId: string }) {
  return (
    <div className={styles.event}>
      <InOrder items={event.exceptions}>
        {(exception, index) => (
          <Section
            flush
            title={
              <span className={styles.exception}>
                {index > 0 && <span className={styles.quiet}>caused by</span>}
                <strong>{exception.type ?? 'Error'}</strong>
                <span className={styles.value}>{exception.value}</span>
              </span>
            }
            aside={exception.mechanism && <Tag>{exception.mechanism}</Tag>}
          >
            <Stack frames={exception.frames} />
          </Section>
        )}
      </InOrder>
      {event.exceptions.length === 0 && event.frames.length > 0 && (
        <Section flush title={event.message}>
          <Stack frames={event.frames} />
        </Section>
      )}
      {event.breadcrumbs.length > 0 && (
        <Section flush title="What led to it">
          <Breadcrumbs items={event.breadcrumbs} />
        </Section>
      )}
      <Replay key={event.eventId} event={event} />
      <EventLogs event={event} projectId={projectId} />
      <EventState event={event} projectId={projectId} />
      {event.request && (
        <Section title="Request">
          <p className={styles.request}>
            <strong>{event.request.method}</strong> <code>{event.request.url}</code>
            {event.request.query && <code>?{event.request.query}</code>}
          </p>
          <Pairs items={pairs(event.request.headers)} />
          {event.request.body && <pre className={styles.body}>{event.request.body}</pre>}
        </Section>
      )}
      <UserFeedback issueId={event.issueId} eventId={event.eventId} />
      <div className={styles.grid}>
        {event.files.length > 0 && (
          <Section title="Files">
            <FileList files={event.files.filter((file) => !isPartOfReplay(file))} />
            <MoreFiles title="Parts of the replay" files={event.files.filter(isPartOfReplay)} />
          </Section>
        )}
        {event.tags.length > 0 && (
          <Section title="Tags">
            <Pairs items={pairs(event.tags)} />
          </Section>
        )}
        <Section title="Event">
          <Pairs
            items={[
              { key: 'id', name: 'Event', value: <code>{event.eventId}</code> },
              { key: 'release', name: 'Release', value: event.release ?? '–' },
              { key: 'environment', name: 'Environment', value: event.environment ?? '–' },
              { key: 'service', name: 'Service', value: event.service ?? event.server ?? '–' },
              { key: 'transaction', name: 'Transaction', value: event.transaction ?? '–' },
              {
                key: 'trace',
                name: 'Trace',
                value: event.traceId ? (
                  <Link to="/explore" search={{ tab: 'traces', trace: event.traceId }}>
                    <code>{event.traceId}</code>
                  </Link>
                ) : (
                  '–'
                ),
              },
              { key: 'sdk', name: 'Client', value: event.sdk ? `${event.sdk.name} ${event.sdk.version}` : '–' },
            ]}
          />
        </Section>
        {event.userDetails.length > 0 && (
          <Section title="User">
            <Pairs items={pairs(event.userDetails)} />
          </Section>
        )}
        {event.contexts.map((context) => (
          <Section key={context.name} title={context.name.charAt(0).toUpperCase() + context.name.slice(1)}>
            <Pairs items={pairs(context.values)} />
          </Section>
        ))}
        {event.extra.length > 0 && (
          <Section title="Extra">
            <Pairs items={pairs(event.extra)} />
          </Section>
        )}
      </div>
      {event.notes.length > 0 && <p className={styles.quiet}>On arrival: {event.notes.join('; ')}</p>}
      {event.modules.length > 0 && (
        <details className={styles.modules}>
          <summary>{event.modules.length} packages installed</summary>
          <Pairs items={pairs(event.modules)} />
        </details>
      )}
    </div>
  );
}

type File = ErrorEvent['files'][number];

function FileList({ files }: { files: File[] }) {
  return (
    <Pairs
      items={files.map((file) => ({
        key: file.id,
        name: file.kind.replace(/^event\./, ''),
        value: (
          <a href={`/api/v1/errors/files/${file.id}/content`} download>
            {file.name} ({bytesText(file.size)})
          </a>
        ),
      }))}
    />
  );
}

function MoreFiles({ title, files }: { title: string; files: File[] }) {
  if (files.length === 0) return null;
  return (
    <details className={styles.modules}>
      <summary>{`${title} (${files.length})`}</summary>
      <FileList files={files} />
    </details>
  );
}
