import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { describeFact } from '../../../src/client/facts.ts';
import { ask } from '../../app/api.ts';
import { queryCommand } from '../../app/commands-for.ts';
import { QueryProblem } from '../../app/problem.tsx';
import { useProject } from '../../app/project.ts';
import { Tag } from '../../kit/badge.tsx';
import { buttonClass } from '../../kit/button.tsx';
import { Facts, Page, Pairs, Section } from '../../kit/page.tsx';
import { SkeletonRows } from '../../kit/skeleton.tsx';
import { Time } from '../../kit/time.tsx';
import { ChainList } from './chain-panel.tsx';
import styles from './event.module.css';
import { actorName } from './fact-row.tsx';

/** One event with its whole chain: the address to share. */
export function EventPage() {
  const { eventId } = useParams({ from: '/shell/events/$eventId' });
  const { slugOf } = useProject();
  const query = useQuery(ask('insights', 'getEvent', { params: { eventId } }));
  const chain = query.data;
  if (!chain) return <Page title="Event">{query.error ? <QueryProblem query={query} /> : <SkeletonRows />}</Page>;
  const described = describeFact(chain.event);
  return (
    <Page
      title={described.text}
      trail={<Link to="/timeline">Timeline</Link>}
      facts={
        <Facts>
          <Time at={chain.event.at} />
          <span>{actorName(chain.event)}</span>
          {chain.event.projectId && <span>{slugOf(chain.event.projectId)}</span>}
          {described.details.map((detail) => (
            <Tag key={detail}>{detail}</Tag>
          ))}
        </Facts>
      }
      actions={
        described.href && (
          <a href={described.href} className={buttonClass()}>
            Open what it is about
          </a>
        )
      }
      command={queryCommand(`SELECT * FROM Event WHERE eventId = '${chain.event.id}'`)}
    >
      <div className={styles.columns}>
        <Section title="Causes and effects, oldest first">
          <ChainList chain={chain} />
        </Section>
        <Section title="What was recorded">
          <Pairs
            items={[
              { key: 'type', name: 'Type', value: <code>{chain.event.type}</code> },
              { key: 'subject', name: 'Subject', value: <code>{chain.event.subject}</code> },
              ...Object.entries(chain.event.data).map(([name, value]) => ({
                key: `data.${name}`,
                name,
                value: <code>{typeof value === 'string' ? value : JSON.stringify(value)}</code>,
              })),
            ]}
          />
        </Section>
      </div>
    </Page>
  );
}
