import { ChevronRight } from 'lucide-react';
import { type ReactNode, useState } from 'react';
import styles from './fact-row.module.css';
import type { FactFold } from './fold-facts.ts';

interface FoldRowProps {
  fold: FactFold;
  lit?: 'chosen' | 'cause' | 'effect' | 'other' | undefined;
  /** The rows of its facts. */
  children: ReactNode;
}

/** Small facts drawn together; opens to each of them. */
export function FoldRow({ fold, lit, children }: FoldRowProps) {
  const [open, setOpen] = useState(false);
  return (
    <>
      <li className={styles.row} data-lit={lit}>
        <button type="button" className={styles.fold} aria-expanded={open} onClick={() => setOpen(!open)}>
          <ChevronRight aria-hidden size={14} />
          <span className={styles.text}>{fold.text}</span>
        </button>
      </li>
      {open && children}
    </>
  );
}
