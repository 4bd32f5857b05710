import { useState } from 'react';
import type { EventDetail } from '../../../src/errors/api.ts';
import { StatusMark } from '../../kit/badge.tsx';
import { Button } from '../../kit/button.tsx';
import { plural } from '../../kit/figures.ts';
import { InOrder } from '../../kit/in-order.tsx';
import { clockTime } from '../../kit/moments.ts';
import styles from './breadcrumbs.module.css';

const last = 15;
const marks: Record<string, string> = {
  fatal: 'error',
  error: 'error',
  warning: 'warning',
  info: 'fact',
  debug: 'fact',
};

/** What happened right before, newest last. */
export function Breadcrumbs({ items }: { items: EventDetail['breadcrumbs'] }) {
  const [all, setAll] = useState(false);
  const shown = all ? items : items.slice(-last);
  return (
    <div>
      {items.length > shown.length && (
        <Button size="small" look="quiet" onClick={() => setAll(true)}>
          Show {plural(items.length - shown.length, 'earlier step')}
        </Button>
      )}
      <ol className={styles.crumbs}>
        <InOrder items={shown}>
          {(crumb) => (
            <li>
              <span className={styles.at}>{crumb.at ? clockTime(Date.parse(crumb.at)) : ''}</span>
              <StatusMark status={marks[crumb.level] ?? 'fact'} size={12} label={crumb.level} />
              <span className={styles.category}>{crumb.category ?? crumb.type}</span>
              <span className={styles.message}>
                {crumb.message}
                {Object.entries(crumb.data).map(([name, value]) => (
                  <span key={name} className={styles.data}>
                    {name}=<code>{value}</code>
                  </span>
                ))}
              </span>
            </li>
          )}
        </InOrder>
      </ol>
    </div>
  );
}
