import type { IssueDetail } from '../../../src/errors/api.ts';
import { MarkdownText } from '../../kit/markdown-text.tsx';
import { Section } from '../../kit/page.tsx';
import { Time } from '../../kit/time.tsx';
import styles from './issue.module.css';

/** What became of an issue, newest first. */
export function Activity({ items }: { items: IssueDetail['activity'] }) {
  return (
    <Section title="What became of it">
      <ul className={styles.activity}>
        {items.map((item) => (
          <li key={`${item.at}${item.kind}`}>
            <div className={styles.said}>
              {item.kind === 'comment' ? (
                <MarkdownText text={item.text} />
              ) : (
                item.text.charAt(0).toUpperCase() + item.text.slice(1)
              )}
            </div>
            <span className={styles.quiet}>{item.by}</span>
            <span className={styles.quiet}>
              <Time at={item.at} />
            </span>
          </li>
        ))}
      </ul>
    </Section>
  );
}
