import { InOrder } from './in-order.tsx';
import styles from './skeleton.module.css';

/** A sized stand-in while something loads, so that nothing jumps when it comes. */
export function Skeleton({ width = '100%', height = '1rem' }: { width?: string; height?: string }) {
  return <span className={styles.bone} style={{ width, height }} aria-hidden />;
}

/** Stand-in for a table of `rows` rows. */
export function SkeletonRows({ rows = 8 }: { rows?: number }) {
  return (
    <div className={styles.rows} role="status">
      <span className="visually-hidden">Loading</span>
      <InOrder items={Array.from({ length: rows })}>
        {(_, row) => (
          <div className={styles.row}>
            <Skeleton width="14px" height="14px" />
            <Skeleton width={`${28 + ((row * 13) % 22)}%`} height="0.75rem" />
            <Skeleton width="8%" height="0.75rem" />
            <Skeleton width="12%" height="0.75rem" />
          </div>
        )}
      </InOrder>
    </div>
  );
}
