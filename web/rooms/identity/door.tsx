import type { ReactNode } from 'react';
import { Mark } from '../../app/mark.tsx';
import styles from './door.module.css';

/** The frame of the pages before the sign-in. */
export function Door({ title, children }: { title: string; children: ReactNode }) {
  return (
    <main className={styles.door}>
      <title>{`${title} · Millrace`}</title>
      <div className={styles.card}>
        <Mark size={34} />
        <h1>{title}</h1>
        {children}
      </div>
    </main>
  );
}
