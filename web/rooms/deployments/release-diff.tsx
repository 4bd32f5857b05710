import { ArrowRight, TriangleAlert } from 'lucide-react';
import type { Answer } from '../../app/api.ts';
import { Tag } from '../../kit/badge.tsx';
import { Change } from '../../kit/diff.tsx';
import { plural } from '../../kit/figures.ts';
import { Time } from '../../kit/time.tsx';
import styles from './release-diff.module.css';

const short = (reference: string | null) => reference?.replace(/^sha256:/, '').slice(0, 12) ?? null;

/** What a deployment of one release over another changes: commits, settings, images, and what speaks against it. */
export function ReleaseDiff({ diff }: { diff: Answer<'deployments', 'diffEnvironment'> }) {
  const images = diff.images.filter((image) => image.change !== 'same');
  const verb = diff.direction === 'back' ? 'taken back' : 'added';
  return (
    <div className={styles.diff}>
      <p className={styles.versions}>
        <code>{diff.from?.version ?? 'nothing'}</code>
        <ArrowRight aria-hidden size={14} />
        <code>{diff.to.version}</code>
        <span className={styles.quiet}>{diff.to.message}</span>
      </p>
      {diff.warnings.map((warning) => (
        <p key={warning} className={styles.warning}>
          <TriangleAlert aria-hidden size={15} />
          {warning}
        </p>
      ))}
      <h3>
        {diff.commits.length === 0 ? 'No commit between them' : `${plural(diff.commits.length, 'commit')} ${verb}`}
      </h3>
      {diff.commits.length > 0 && (
        <ul className={styles.commits}>
          {diff.commits.map((commit) => (
            <li key={commit.sha}>
              <code>{commit.sha.slice(0, 7)}</code>
              <span className={styles.message}>{commit.message.split('\n')[0]}</span>
              <span className={styles.quiet}>
                {commit.author}, <Time at={commit.at} />
              </span>
            </li>
          ))}
        </ul>
      )}
      {images.length > 0 && (
        <>
          <h3>Services</h3>
          <ul className={styles.rows}>
            {images.map((image) => (
              <li key={image.service}>
                <span>{image.service}</span>
                {image.from ? (
                  <Change from={short(image.from)} to={short(image.to)} />
                ) : (
                  <span>
                    <Tag tone="good">added</Tag> <code>{short(image.to)}</code>
                  </span>
                )}
              </li>
            ))}
          </ul>
        </>
      )}
      {diff.settings.length > 0 && (
        <>
          <h3>Settings</h3>
          <ul className={styles.rows}>
            {diff.settings.map((setting) => (
              <li key={setting.name}>
                <code>{setting.name}</code>
                <Tag tone={setting.change === 'removed' ? 'bad' : setting.change === 'added' ? 'good' : 'warn'}>
                  {setting.change}
                </Tag>
              </li>
            ))}
          </ul>
        </>
      )}
    </div>
  );
}
