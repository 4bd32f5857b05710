import { Link } from '@tanstack/react-router';
import { describeFact, type FactTone } from '../../../src/client/facts.ts';
import type { Item } from '../../app/api.ts';
import { StatusMark, Tag } from '../../kit/badge.tsx';
import styles from './fact-row.module.css';

export type Fact = Item<'insights', 'listEvents'>;

const marks: Record<FactTone, string> = {
  good: 'success',
  bad: 'failed',
  warn: 'warning',
  busy: 'fact-busy',
  idle: 'fact-idle',
};

/** The mark of a fact: form and colour by what it says of the state. */
export function FactMark({ tone }: { tone: FactTone }) {
  if (tone === 'busy' || tone === 'idle') {
    return (
      <svg
        width="14"
        height="14"
        viewBox="0 0 16 16"
        aria-hidden
        className={tone === 'busy' ? styles.busy : styles.idle}
      >
        <circle
          cx="8"
          cy="8"
          r={tone === 'busy' ? 5 : 3.5}
          fill={tone === 'busy' ? 'none' : 'currentColor'}
          strokeWidth="2.5"
          stroke={tone === 'busy' ? 'currentColor' : 'none'}
        />
      </svg>
    );
  }
  return <StatusMark status={marks[tone]} />;
}

/** Who did it, unless Millrace itself did. */
export function actorName(fact: Pick<Fact, 'actor'>): string {
  return fact.actor.kind === 'system' ? 'Millrace' : fact.actor.name;
}

const clock = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
});

interface FactRowProps {
  fact: Fact;
  project?: string | undefined;
  /** Part of the chain that is looked at, or not; undefined when none is. */
  lit?: 'chosen' | 'cause' | 'effect' | 'other' | undefined;
}

/** One fact in a timeline; choosing it lights up what led to it and what came of it. */
export function FactRow({ fact, project, lit }: FactRowProps) {
  const described = describeFact(fact);
  const at = new Date(fact.at);
  return (
    <li className={styles.row} data-lit={lit}>
      <Link
        to="/timeline"
        search={(before) => ({ ...before, event: lit === 'chosen' ? undefined : fact.id })}
        className={styles.link}
        aria-current={lit === 'chosen' ? 'true' : undefined}
        resetScroll={false}
        replace
      >
        <time className={styles.at} dateTime={fact.at} title={at.toLocaleString()}>
          {clock.format(at)}
        </time>
        <FactMark tone={described.tone} />
        <span className={styles.text}>{described.text}</span>
        {lit === 'cause' && <Tag tone="busy">led to it</Tag>}
        {lit === 'effect' && <Tag tone="busy">came of it</Tag>}
        <span className={styles.details}>
          {described.details.map((detail) => (
            <Tag key={detail}>{detail}</Tag>
          ))}
          {project && lit === undefined && <span>{project}</span>}
          {/* Beside a chain there is less room; it names them too. */}
          {(lit === undefined || fact.actor.kind !== 'system') && (
            <span className={styles.actor}>{actorName(fact)}</span>
          )}
        </span>
      </Link>
    </li>
  );
}
