import type { ReactNode } from 'react';
import styles from './badge.module.css';
import { classes } from './classes.ts';
import { type Shape, statusLook, type Tone } from './status.ts';

const paths: Record<Shape, ReactNode> = {
  check: (
    <>
      <circle cx="8" cy="8" r="7" fill="currentColor" />
      <path d="m4.9 8.2 2.2 2.2 4-4.4" stroke="var(--mark)" strokeWidth="1.8" fill="none" />
    </>
  ),
  cross: (
    <>
      <path d="M5.1 1h5.8L15 5.1v5.8L10.9 15H5.1L1 10.900V5.1z" fill="currentColor" />
      <path d="m5.6 5.6 4.8 4.800m0-4.8-4.8 4.8" stroke="var(--mark)" strokeWidth="1.8" />
    </>
  ),
  spin: (
    <>
      <circle cx="8" cy="8" r="6" stroke="currentColor" strokeWidth="2" fill="none" opacity=".25" />
      <path className={styles.arc} d="M8 2a6 6 0 0 1 6 6" stroke="currentColor" strokeWidth="2" fill="none" />
    </>
  ),
  pause: (
    <>
      <rect x="1" y="1" width="14" height="14" rx="3" fill="currentColor" />
      <path d="M6 5v6m4-6v6" stroke="var(--mark)" strokeWidth="1.9" />
    </>
  ),
  dots: (
    <>
      <circle cx="8" cy="8" r="6.2" stroke="currentColor" strokeWidth="1.5" fill="none" />
      <path d="M5.2 8h.01M8 8h.01m2.79 0h.01" stroke="currentColor" strokeWidth="1.8" />
    </>
  ),
  slash: (
    <>
      <circle cx="8" cy="8" r="6.2" stroke="currentColor" strokeWidth="1.6" fill="none" />
      <path d="m4 12 8-8" stroke="currentColor" strokeWidth="1.6" />
    </>
  ),
  ring: <circle cx="8" cy="8" r="6.2" stroke="currentColor" strokeWidth="1.5" fill="none" strokeDasharray="2.6 2.27" />,
  triangle: (
    <>
      <path d="M8 1.5 15 14H1z" fill="currentColor" stroke="currentColor" strokeWidth="1.5" strokeLinejoin="round" />
      <path d="M8 6v3.600m0 2.200v.01" stroke="var(--mark)" strokeWidth="1.7" />
    </>
  ),
  dot: <circle cx="8" cy="8" r="4.5" fill="currentColor" />,
  back: (
    <>
      <circle cx="8" cy="8" r="7" fill="currentColor" />
      <path
        d="M6.8 4.6 4.6 6.8 6.8 9M4.8 6.800h4a2.2 2.2 0 0 1 0 4.400H7"
        stroke="var(--mark)"
        strokeWidth="1.5"
        fill="none"
      />
    </>
  ),
};

/** A state's mark alone. Hidden from readers unless `label` is given: put the word beside it. */
export function StatusMark({
  status,
  size = 14,
  label,
}: {
  status: string;
  size?: number;
  label?: string | undefined;
}) {
  const look = statusLook(status);
  return (
    <svg
      className={classes(styles.mark, styles[look.tone])}
      width={size}
      height={size}
      viewBox="0 0 16 16"
      strokeLinecap="round"
      strokeLinejoin="round"
      role={label ? 'img' : undefined}
      aria-label={label}
      aria-hidden={label ? undefined : true}
    >
      {label && <title>{label}</title>}
      {paths[look.shape]}
    </svg>
  );
}

/** A state: mark and word. */
export function Status({ status, word, boxed }: { status: string; word?: string | undefined; boxed?: boolean }) {
  const look = statusLook(status);
  return (
    <span className={classes(styles.status, boxed && styles.boxed, styles[look.tone])}>
      <StatusMark status={status} />
      <span className={styles.word}>{word ?? look.word}</span>
    </span>
  );
}

/** A short label that is not a state: an environment, a branch, a level. */
export function Tag({ tone, children, title }: { tone?: Tone | undefined; children: ReactNode; title?: string }) {
  return (
    <span className={classes(styles.tag, tone && styles[tone])} title={title}>
      {children}
    </span>
  );
}
