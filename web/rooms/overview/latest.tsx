import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { describeFact } from '../../../src/client/facts.ts';
import { ask } from '../../app/api.ts';
import { QueryProblem } from '../../app/problem.tsx';
import { Section } from '../../kit/page.tsx';
import { Skeleton } from '../../kit/skeleton.tsx';
import { Time } from '../../kit/time.tsx';
import { actorName, FactMark } from '../insights/fact-row.tsx';
import styles from './overview.module.css';

/** Kinds of facts worth a place on the first page. */
const telling = [
  'projects.push.received',
  'pipelines.run.finished',
  'deployments.release.failed',
  'deployments.deployment.',
  'deployments.variables.changed',
  'errors.issue.opened',
  'errors.issue.regressed',
  'monitoring.check.changed',
  'alerts.incident.',
].join(',');

/** The last things that happened. */
export function Latest({ projectId, waitForProject }: { projectId: string | undefined; waitForProject: boolean }) {
  const query = useQuery({
    ...ask('insights', 'listEvents', { query: { projectId, types: telling, limit: 9 } }),
    enabled: !waitForProject,
  });
  return (
    <Section flush title="Latest" aside={<Link to="/timeline">Timeline</Link>}>
      <QueryProblem query={query} />
      {query.isPending && <Skeleton height="14rem" />}
      {query.data?.items.length === 0 && <p className={styles.none}>Nothing happened yet.</p>}
      <ul className={styles.latest}>
        {query.data?.items.map((fact) => {
          const described = describeFact(fact);
          return (
            <li key={fact.id}>
              <Link to="/timeline" search={{ event: fact.id }}>
                <FactMark tone={described.tone} />
                <span className={styles.latestText}>
                  <span>{described.text}</span>
                  <span className={styles.nowTime}>
                    {actorName(fact)}, <Time at={fact.at} />
                  </span>
                </span>
              </Link>
            </li>
          );
        })}
      </ul>
    </Section>
  );
}
