import { Link } from '@tanstack/react-router';
import { memo, useState } from 'react';
import type { LogLine } from '../../../src/telemetry/api.ts';
import { AnsiText } from '../../kit/ansi-text.tsx';
import { absoluteTime, clockTime } from '../../kit/moments.ts';
import { Pairs } from '../../kit/page.tsx';
import styles from './logs.module.css';

/** How far the lines around a line reach. */
const aroundMs = 30_000;

interface LogRowProps {
  line: LogLine;
  onFilter: (change: { service?: string; environment?: string }) => void;
}

/** One line of a log; opens to everything known of it. */
export const LogRow = memo(function LogRow({ line, onFilter }: LogRowProps) {
  const [open, setOpen] = useState(false);
  const at = Date.parse(line.at);
  return (
    <li data-level={line.level}>
      <button type="button" className={styles.row} aria-expanded={open} onClick={() => setOpen(!open)}>
        <time dateTime={line.at} title={absoluteTime(at)}>
          {clockTime(at)}
        </time>
        <span className={styles.level}>{line.level}</span>
        <span className={styles.service}>{line.service}</span>
        <AnsiText className={styles.message} text={line.message} />
      </button>
      {open && (
        <div className={styles.open}>
          <Link
            to="/explore"
            className={styles.around}
            search={{
              tab: 'logs',
              service: line.service || undefined,
              environment: line.environment || undefined,
              from: at - aroundMs,
              to: at + aroundMs,
            }}
          >
            Lines around it
          </Link>
          <Pairs
            items={[
              ...known(line, onFilter),
              ...Object.entries(line.attributes).map(([name, value]) => ({
                key: `attribute.${name}`,
                name,
                value: <code>{String(value)}</code>,
              })),
            ]}
          />
        </div>
      )}
    </li>
  );
});

function known(line: LogLine, onFilter: LogRowProps['onFilter']) {
  const items = [{ key: 'at', name: 'at', value: <>{absoluteTime(Date.parse(line.at))}</> }];
  const filter = (name: 'service' | 'environment') => {
    const value = line[name];
    if (!value) return;
    items.push({
      key: name,
      name,
      value: (
        <button
          type="button"
          className={styles.narrow}
          onClick={() => onFilter({ [name]: value })}
          title="Show only these"
        >
          {value}
        </button>
      ),
    });
  };
  filter('service');
  filter('environment');
  if (line.release) items.push({ key: 'release', name: 'release', value: <>{line.release}</> });
  if (line.traceId) {
    items.push({
      key: 'trace',
      name: 'trace',
      value: (
        <Link to="/explore" search={{ tab: 'traces', trace: line.traceId }}>
          <code>{line.traceId}</code>
        </Link>
      ),
    });
  }
  return items;
}
