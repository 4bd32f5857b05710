import { ChevronRight } from 'lucide-react';
import { type ReactNode, useState } from 'react';
import { plural } from '../../kit/figures.ts';
import styles from './fact-row.module.css';
import type { JobFold } from './fold-jobs.ts';

interface FoldRowProps {
  fold: JobFold;
  lit?: 'chosen' | 'cause' | 'effect' | 'other' | undefined;
  /** The rows of its facts. */
  children: ReactNode;
}

/** Facts of jobs drawn together; opens to each of them. */
export function FoldRow({ fold, lit, children }: FoldRowProps) {
  const [open, setOpen] = useState(false);
  return (
    <>
      <li className={styles.row} data-lit={lit}>
        <button type="button" className={styles.fold} aria-expanded={open} onClick={() => setOpen(!open)}>
          <ChevronRight aria-hidden size={14} />
          <span className={styles.text}>{foldText(fold)}</span>
        </button>
      </li>
      {open && children}
    </>
  );
}

/** `12 steps of jobs lint, test and 3 more`. */
export function foldText({ jobs, facts }: JobFold): string {
  const named = jobs.slice(0, 3).join(', ');
  const more = jobs.length > 3 ? ` and ${jobs.length - 3} more` : '';
  return `${plural(facts.length, 'step')} of ${jobs.length === 1 ? 'job' : 'jobs'} ${named}${more}`;
}
