import { ChevronRight } from 'lucide-react';
import { useState } from 'react';
import type { ErrorFrame } from '../../../src/errors/api.ts';
import { Tag } from '../../kit/badge.tsx';
import { Button } from '../../kit/button.tsx';
import { classes } from '../../kit/classes.ts';
import { plural } from '../../kit/figures.ts';
import { ScrollRegion } from '../../kit/scroll-region.tsx';
import styles from './stack.module.css';

/** The frame to open: the innermost of the application that has source, else the innermost of the application. */
export function culpritIndex(frames: readonly Pick<ErrorFrame, 'inApp' | 'source'>[]): number {
  const withSource = frames.findIndex((frame) => frame.inApp && frame.source.length > 0);
  if (withSource >= 0) return withSource;
  const own = frames.findIndex((frame) => frame.inApp);
  return Math.max(own, 0);
}

/** A stack trace, innermost call first; the culprit is open, frames of libraries are gathered. */
export function Stack({ frames }: { frames: ErrorFrame[] }) {
  const [all, setAll] = useState(false);
  const culprit = culpritIndex(frames);
  const shown = frames.map((frame, index) => ({ frame, index }));
  const kept = all ? shown : shown.filter(({ frame, index }) => frame.inApp || index === culprit || index === 0);
  const hidden = frames.length - kept.length;
  return (
    <div>
      <ol className={styles.frames} aria-label="Stack, innermost call first">
        {kept.map(({ frame, index }) => (
          <Frame key={index} frame={frame} open={index === culprit} />
        ))}
      </ol>
      {(hidden > 0 || all) && (
        <div className={styles.more}>
          <Button size="small" look="quiet" onClick={() => setAll(!all)}>
            {all ? 'Only the application’s frames' : `Show ${plural(hidden, 'frame')} of libraries`}
          </Button>
        </div>
      )}
    </div>
  );
}

function Frame({ frame, open }: { frame: ErrorFrame; open: boolean }) {
  const place = [frame.file ?? frame.module ?? frame.absolutePath ?? '?', frame.line, frame.column]
    .filter((part) => part !== null)
    .join(':');
  const head = (
    <>
      <code className={styles.place} title={frame.absolutePath ?? undefined}>
        {place}
      </code>
      <span className={styles.in}>
        in <code>{frame.function ?? '?'}</code>
      </span>
      {frame.inApp && <Tag>app</Tag>}
    </>
  );
  if (frame.source.length === 0 && frame.variables.length === 0) {
    return <li className={classes(styles.head, !frame.inApp && styles.library)}>{head}</li>;
  }
  return (
    <li>
      <details open={open}>
        <summary className={classes(styles.head, !frame.inApp && styles.library)}>
          <ChevronRight aria-hidden className={styles.arrow} />
          {head}
        </summary>
        {frame.source.length > 0 && (
          <ScrollRegion className={styles.source} label={`Source of ${place}`}>
            {frame.source.map((line) => (
              <div
                key={line.line}
                data-current={line.current || undefined}
                aria-current={line.current ? 'true' : undefined}
              >
                <span className={styles.number}>{line.line}</span>
                <code>{line.text || ' '}</code>
              </div>
            ))}
          </ScrollRegion>
        )}
        {frame.variables.length > 0 && (
          <dl className={styles.variables}>
            {frame.variables.map((variable) => (
              <div key={variable.name}>
                <dt>{variable.name}</dt>
                <dd>{variable.value}</dd>
              </div>
            ))}
          </dl>
        )}
      </details>
    </li>
  );
}
