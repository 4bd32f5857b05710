import { Tooltip } from '../kit/tooltip.tsx';
import { useLiveState } from './live.ts';
import styles from './live-indicator.module.css';

const words = {
  connecting: ['Connecting', 'Connecting to the server…'],
  live: ['Live', 'What you see follows what happens.'],
  lost: ['Offline', 'The server does not answer; what you see may be old. Trying again.'],
} as const;

/** Whether the page follows what happens. */
export function LiveIndicator() {
  const state = useLiveState();
  const [word, sentence] = words[state];
  return (
    <Tooltip text={sentence}>
      <button type="button" className={styles.live} data-state={state} aria-label={`${word}. ${sentence}`}>
        <i aria-hidden />
        <span role="status">{word}</span>
      </button>
    </Tooltip>
  );
}
