import { useMemo } from 'react';
import styles from './diff.module.css';
import { diffLines } from './diff-lines.ts';

/** Two texts, line by line; signs tell what colour does. */
export function Diff({ before, after, label }: { before: string; after: string; label: string }) {
  const lines = useMemo(() => diffLines(before, after), [before, after]);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
    <section className={styles.diff} aria-label={label} tabIndex={0}>
      {lines.map((line) => (
        <div key={`${line.before ?? ''}:${line.after ?? ''}`} className={styles[line.kind]}>
          <span className={styles.number}>{line.before ?? ''}</span>
          <span className={styles.number}>{line.after ?? ''}</span>
          <span className={styles.sign}>{line.kind === 'added' ? '+' : line.kind === 'removed' ? '−' : ' '}</span>
          <span className={styles.text}>{line.text}</span>
        </div>
      ))}
    </section>
  );
}

/** What a value was and what it becomes, in one row. */
export function Change({ from, to }: { from: string | null; to: string | null }) {
  if (from === to) return <span className={styles.unchanged}>{to ?? '–'}</span>;
  return (
    <span className={styles.change}>
      <del>{from ?? 'nothing'}</del>
      <span aria-hidden>→</span>
      <ins>{to ?? 'nothing'}</ins>
    </span>
  );
}
