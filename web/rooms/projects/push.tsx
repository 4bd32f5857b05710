import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { type Answer, ask } from '../../app/api.ts';
import { useMe } from '../../app/session.ts';
import { Status } from '../../kit/badge.tsx';
import { CodeBlock } from '../../kit/copy.tsx';
import { Section } from '../../kit/page.tsx';
import { Time } from '../../kit/time.tsx';
import { NewTokenButton } from '../settings/tokens.tsx';
import styles from './push.module.css';

/** How to push to a project, and what came of the first push as soon as it is there. */
export function Push({ project }: { project: Answer<'projects', 'get'> }) {
  const me = useMe();
  const runs = useQuery(ask('pipelines', 'listRuns', { query: { project: project.slug, limit: 1 } })).data?.items;
  const latest = runs?.[0];
  return (
    <>
      <Section title={project.head ? 'Push to it' : 'Push the first commit'} aside={<NewTokenButton />}>
        <CodeBlock
          label="Commands that push"
          code={`git remote add millrace ${project.gitUrl}\ngit push millrace HEAD:${project.defaultBranch}`}
        />
        <p className={styles.words}>
          Git asks for a name and a password: your e-mail address{me && <> ({me.email})</>}, and an API token. The push
          prints the address of its run.
        </p>
      </Section>
      <div className={styles.came} role="status">
        {latest ? (
          <>
            <Status status={latest.status} />
            <Link to="/runs/$runId" params={{ runId: latest.id }}>
              Run {latest.number}: {latest.commit.message.split('\n')[0]}
            </Link>
            <Time at={latest.queuedAt} className={styles.quiet} />
          </>
        ) : (
          runs && <Status status="waiting" word={project.head ? 'No run yet.' : 'Waiting for the first push…'} />
        )}
      </div>
    </>
  );
}
