import styles from './diff.module.css';

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
