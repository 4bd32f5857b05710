import { X } from 'lucide-react';
import { IconButton } from '../../kit/button.tsx';
import { Select } from '../../kit/field.tsx';
import { rangeText } from '../../kit/moments.ts';
import styles from './explore.module.css';
import { type RangeSearch, ranges } from './ranges.ts';

/** The one time range of a page; a span drawn on a chart stands here until it is dropped. */
export function RangeSelect({
  value,
  onChange,
  none,
}: {
  value: RangeSearch;
  onChange: (range: RangeSearch) => void;
  /** What it says when each question has its own. */
  none?: string | undefined;
}) {
  const { since, from, to } = value;
  if (from !== undefined && to !== undefined) {
    return (
      <span className={styles.drawn}>
        {rangeText(from, to)}
        <IconButton
          size="small"
          label="Drop this span"
          onClick={() => onChange({ since, from: undefined, to: undefined })}
        >
          <X aria-hidden />
        </IconButton>
      </span>
    );
  }
  return (
    <Select
      aria-label="Time range"
      value={since ?? ''}
      options={[...(none ? [{ value: '', label: none }] : []), ...ranges]}
      onChange={(event) => onChange({ since: event.target.value || undefined })}
    />
  );
}
