import type { UseQueryResult } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { ArrowUpRight, Ellipsis, X } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import { describeFact } from '../../../src/client/facts.ts';
import type { Answer } from '../../app/api.ts';
import { QueryProblem } from '../../app/problem.tsx';
import { IconButton } from '../../kit/button.tsx';
import { CopyButton } from '../../kit/copy.tsx';
import { Skeleton } from '../../kit/skeleton.tsx';
import { Time } from '../../kit/time.tsx';
import styles from './chain-panel.module.css';
import { actorName, type Fact, FactMark } from './fact-row.tsx';
import { type FactFold, foldFacts, isFold } from './fold-facts.ts';

type Chain = Answer<'insights', 'getEvent'>;

/** An event between what led to it and what came of it. */
export function ChainPanel({ query, onClose }: { query: UseQueryResult<Chain>; onClose?: (() => void) | undefined }) {
  const chain = query.data;
  return (
    <div className={styles.panel}>
      <div className={styles.head}>
        <h2>Causes and effects</h2>
        {chain && <CopyButton text={`${location.origin}/events/${chain.event.id}`} label="Copy link to this event" />}
        {onClose && (
          <IconButton label="Close" size="small" onClick={onClose}>
            <X aria-hidden />
          </IconButton>
        )}
      </div>
      <QueryProblem query={query} />
      {!chain && !query.error && <Skeleton height="12rem" />}
      {chain && <ChainList chain={chain} />}
    </div>
  );
}

/** The whole chain, oldest first; jobs that went well are drawn together. */
export function ChainList({ chain }: { chain: Chain }) {
  const { causes, event, effects } = chain;
  return (
    <ol className={styles.chain}>
      {foldFacts([...causes, event, ...effects], event.id).map((row) =>
        isFold(row) ? (
          <ChainFold key={row.key} fold={row} />
        ) : (
          <ChainItem key={`${row.id} ${event.id}`} fact={row} chosen={row.id === event.id} />
        ),
      )}
    </ol>
  );
}

function ChainFold({ fold }: { fold: FactFold }) {
  const [open, setOpen] = useState(false);
  if (open) return fold.facts.map((fact) => <ChainItem key={fact.id} fact={fact} />);
  return (
    <li className={styles.item}>
      <span className={styles.mark}>
        <Ellipsis aria-hidden size={14} />
      </span>
      <button type="button" className={styles.fold} aria-expanded={false} onClick={() => setOpen(true)}>
        {fold.text}
      </button>
    </li>
  );
}

function ChainItem({ fact, chosen }: { fact: Fact; chosen?: boolean }) {
  const described = describeFact(fact);
  const item = useRef<HTMLLIElement>(null);
  useEffect(() => {
    // Within the panel only: the page itself stays where the reader is.
    const panel = chosen ? item.current?.closest('aside') : null;
    if (!panel || !item.current) return;
    const middle = item.current.offsetTop - (panel.clientHeight - item.current.offsetHeight) / 2;
    panel.scrollTo({ top: middle });
  }, [chosen]);
  return (
    <li ref={item} className={styles.item} data-chosen={chosen || undefined} aria-current={chosen ? 'true' : undefined}>
      <span className={styles.mark}>
        <FactMark tone={described.tone} />
      </span>
      <div className={styles.body}>
        <Link to="/timeline" search={(before) => ({ ...before, event: fact.id })} replace resetScroll={false}>
          {described.text}
        </Link>
        <div className={styles.facts}>
          <Time at={fact.at} />
          <span>{actorName(fact)}</span>
          {described.href && (
            <a href={described.href} className={styles.open}>
              Open
              <ArrowUpRight aria-hidden size={12} />
            </a>
          )}
        </div>
      </div>
    </li>
  );
}
