import type { EventDetail, GroupingNode } from '../../../src/errors/api.ts';
import { StatusMark } from '../../kit/badge.tsx';
import { classes } from '../../kit/classes.ts';
import { InOrder } from '../../kit/in-order.tsx';
import styles from './grouping.module.css';

/** Why an event is in its issue: which parts took part in the fingerprint and why the others did not. */
export function Grouping({ grouping }: { grouping: EventDetail['grouping'] }) {
  return (
    <div className={styles.grouping}>
      <p>{grouping.summary}</p>
      {grouping.variants.map((variant) => (
        <div key={variant.name}>
          <h3 className={styles.variant}>
            <StatusMark
              status={variant.contributes ? 'success' : 'skipped'}
              label={variant.contributes ? 'decides' : 'not used'}
            />
            {variant.name} {variant.hash && <code>{variant.hash.slice(0, 12)}</code>}
            {variant.hint && <span className={styles.hint}>{variant.hint}</span>}
          </h3>
          {variant.fingerprint && <code>{variant.fingerprint.join(' · ')}</code>}
          {variant.tree && <Tree node={variant.tree} />}
        </div>
      ))}
    </div>
  );
}

/** A part with its value on one line; parts of parts under it. */
function Tree({ node }: { node: GroupingNode }) {
  const texts = node.values.filter((value) => typeof value === 'string');
  const parts = node.values.filter((value) => typeof value !== 'string');
  return (
    <div className={classes(styles.node, !node.contributes && styles.unused)}>
      <span>
        {node.id} {texts.length > 0 && <code>{texts.join(' ')}</code>}{' '}
        {node.hint && <span className={styles.hint}>({node.hint})</span>}
      </span>
      <InOrder items={parts}>{(part) => <Tree node={part} />}</InOrder>
    </div>
  );
}
