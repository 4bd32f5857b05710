import { Link } from '@tanstack/react-router';
import { FolderGit2, Play } from 'lucide-react';
import { buttonClass } from '../../kit/button.tsx';
import { CodeBlock } from '../../kit/copy.tsx';
import { Page } from '../../kit/page.tsx';
import styles from './first-run.module.css';

/** The first page of an empty server: two ways on. */
export function FirstRun() {
  return (
    <Page title="Welcome to Millrace" command="millrace project create Shop">
      <p className={styles.lead}>
        A push is built, tested, released, watched, and taken back when it hurts. Start with a repository of yours, or
        watch the whole loop on a shop that comes along.
      </p>
      <div className={styles.ways}>
        <section className={styles.way}>
          <FolderGit2 aria-hidden />
          <h2>Connect a repository</h2>
          <p>
            Push to Millrace’s own git, or mirror GitHub, GitLab or Gitea with a webhook. CircleCI files, Compose files
            and Dockerfiles run as they are.
          </p>
          <Link to="/connect" className={buttonClass('primary')}>
            Connect a repository
          </Link>
        </section>
        <section className={styles.way}>
          <Play aria-hidden />
          <h2>Show me</h2>
          <p>
            A Django shop with three services is pushed, tested and deployed. Then a bad commit follows: its error shows
            up, the rollout is taken back, and the timeline tells the whole story.
          </p>
          <CodeBlock code="npm run demo" label="Command that starts the demo" />
        </section>
      </div>
    </Page>
  );
}
