import { ArrowDownToLine, ChevronDown, ChevronUp, Clock, Download } from 'lucide-react';
import { useState } from 'react';
import { Button, buttonClass, IconButton } from './button.tsx';
import { classes } from './classes.ts';
import { Input } from './field.tsx';
import styles from './log-view.module.css';

interface LogBarProps {
  hits: number;
  hit: number;
  onFind: (words: string) => Promise<void>;
  onStep: (by: number) => void;
  live: boolean;
  follow: boolean;
  onFollow: (follow: boolean) => void;
  showTime: boolean;
  onShowTime: (show: boolean) => void;
  rawUrl?: string | undefined;
}

/** Search, follow, times and download of a log. */
export function LogBar(props: LogBarProps) {
  const { hits, hit, onFind, onStep, live, follow, onFollow, showTime, onShowTime, rawUrl } = props;
  const [words, setWords] = useState('');
  const [asked, setAsked] = useState('');
  const find = (text: string) => {
    setAsked(text);
    void onFind(text);
  };
  return (
    <div className={styles.bar} role="toolbar" aria-label="Log">
      <Input
        className={styles.search ?? ''}
        aria-label="Search in the log"
        placeholder="Search, then Enter"
        type="search"
        value={words}
        onChange={(event) => {
          setWords(event.target.value);
          if (event.target.value === '') find('');
        }}
        onKeyDown={(event) => {
          if (event.key !== 'Enter') return;
          event.preventDefault();
          if (words.trim() !== asked) find(words.trim());
          else onStep(event.shiftKey ? -1 : 1);
        }}
      />
      {asked && (
        <>
          <span className={styles.hits} role="status">
            {hits === 0 ? 'No hit' : `${Math.min(hit + 1, hits)} of ${hits}`}
          </span>
          <IconButton size="small" label="Hit before" keys="Shift+Enter" onClick={() => onStep(-1)}>
            <ChevronUp aria-hidden />
          </IconButton>
          <IconButton size="small" label="Next hit" keys="Enter" onClick={() => onStep(1)}>
            <ChevronDown aria-hidden />
          </IconButton>
        </>
      )}
      <span className={styles.gap} />
      {live && (
        <Button
          size="small"
          look="quiet"
          aria-pressed={follow}
          icon={<ArrowDownToLine aria-hidden />}
          onClick={() => onFollow(!follow)}
        >
          {follow ? 'Following' : 'Follow'}
        </Button>
      )}
      <IconButton
        size="small"
        label={showTime ? 'Hide times' : 'Show times'}
        aria-pressed={showTime}
        onClick={() => onShowTime(!showTime)}
      >
        <Clock aria-hidden />
      </IconButton>
      {rawUrl && (
        <a className={classes(buttonClass('quiet'), styles.raw)} href={rawUrl} download title="Download the whole log">
          <Download aria-label="Download the whole log" />
        </a>
      )}
    </div>
  );
}
