import { Terminal } from 'lucide-react';
import { type ReactNode, useEffect } from 'react';
import { classes } from './classes.ts';
import { CopyButton } from './copy.tsx';
import styles from './page.module.css';

interface PageProps {
  title: ReactNode;
  /** Name of the tab in the browser; needed when `title` is not a text. */
  heading?: string | undefined;
  /** Above the title: where this page sits. */
  trail?: ReactNode;
  /** Beside the title: the page's state. */
  status?: ReactNode;
  /** Under the title, small: what identifies it. */
  facts?: ReactNode;
  actions?: ReactNode;
  /** The command that shows or does the same. */
  command?: string | undefined;
  /** Uses the whole width and height, for logs and editors. */
  full?: boolean | undefined;
  children: ReactNode;
}

/** The frame of every page: where, what, what can be done, and the same on the command line. */
export function Page({ title, heading, trail, status, facts, actions, command, full, children }: PageProps) {
  const name = heading ?? (typeof title === 'string' ? title : 'Millrace');
  useEffect(() => {
    document.title = name === 'Millrace' ? name : `${name} · Millrace`;
  }, [name]);
  return (
    <div className={classes(styles.page, full && styles.full)}>
      <header className={styles.header}>
        <div className={styles.heading}>
          {trail && <div className={styles.trail}>{trail}</div>}
          <div className={styles.titleLine}>
            <h1 className={styles.title}>{title}</h1>
            {status}
          </div>
          {facts && <div className={styles.facts}>{facts}</div>}
        </div>
        <div className={styles.side}>{actions && <div className={styles.actions}>{actions}</div>}</div>
      </header>
      {children}
      {command && (
        <footer className={styles.command}>
          <Terminal aria-hidden size={13} />
          <span className="visually-hidden">The same on the command line:</span>
          <code>{command}</code>
          <CopyButton text={command} label="Copy command" />
        </footer>
      )}
    </div>
  );
}

/** A titled part of a page. */
export function Section({
  title,
  aside,
  children,
  flush,
}: {
  title?: ReactNode;
  aside?: ReactNode;
  children: ReactNode;
  /** The content touches the frame: tables, logs. */
  flush?: boolean | undefined;
}) {
  return (
    <section className={styles.section}>
      {(title || aside) && (
        <div className={styles.sectionHead}>
          {title && <h2>{title}</h2>}
          {aside && <div className={styles.aside}>{aside}</div>}
        </div>
      )}
      <div className={classes(styles.card, flush && styles.flush)}>{children}</div>
    </section>
  );
}

/** Facts in a row, parted by space: `main · 3f9c2e1 · Ada`. */
export function Facts({ children }: { children: ReactNode }) {
  return <div className={styles.factRow}>{children}</div>;
}

/** Names and values, aligned. */
export function Pairs({ items }: { items: { name: ReactNode; value: ReactNode; key: string }[] }) {
  return (
    <dl className={styles.pairs}>
      {items.map((item) => (
        <div key={item.key}>
          <dt>{item.name}</dt>
          <dd>{item.value}</dd>
        </div>
      ))}
    </dl>
  );
}
