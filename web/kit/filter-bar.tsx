import type { ReactNode } from 'react';
import styles from './filter-bar.module.css';

/** Filters in a row; each as wide as it needs. */
export function FilterBar({ children }: { children: ReactNode }) {
  return (
    <search className={styles.bar} aria-label="Filter">
      {children}
    </search>
  );
}
