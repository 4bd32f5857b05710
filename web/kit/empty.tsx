import type { ReactNode } from 'react';
import { CodeBlock } from './copy.tsx';
import styles from './empty.module.css';

interface EmptyProps {
  icon?: ReactNode;
  title: string;
  /** What will be here. */
  children?: ReactNode;
  /** The command that brings the first one. */
  command?: string | undefined;
  action?: ReactNode;
}

/** What stands where a list has nothing yet: what will be here and how to get it. */
export function Empty({ icon, title, children, command, action }: EmptyProps) {
  return (
    <div className={styles.empty}>
      {icon && (
        <div className={styles.icon} aria-hidden>
          {icon}
        </div>
      )}
      <h3>{title}</h3>
      {children && <div className={styles.words}>{children}</div>}
      {command && (
        <div className={styles.command}>
          <CodeBlock code={command} label="Next command" />
        </div>
      )}
      {action}
    </div>
  );
}
