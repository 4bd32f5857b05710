import { Input, Select } from '../../kit/field.tsx';
import styles from './timeline.module.css';

const spans = [
  { value: '1h', label: 'Last hour', ms: 3_600_000 },
  { value: '24h', label: 'Last 24 hours', ms: 86_400_000 },
  { value: '7d', label: 'Last 7 days', ms: 604_800_000 },
  { value: '30d', label: 'Last 30 days', ms: 2_592_000_000 },
];

/** The instant a search parameter means: a span before now (`24h`) or a local time; undefined for neither. */
export function sinceOf(text: string | undefined, now = Date.now()): string | undefined {
  const span = spans.find((one) => one.value === text);
  const at = span ? now - span.ms : text === undefined ? Number.NaN : Date.parse(text);
  return Number.isNaN(at) ? undefined : new Date(at).toISOString();
}

/** A local time as the system's chooser wants it. */
function localText(at: number): string {
  const date = new Date(at);
  return new Date(at - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

interface TimeRangeProps {
  since: string | undefined;
  until: string | undefined;
  onChange: (range: { since?: string | undefined; until?: string | undefined }) => void;
}

/** Any time, a span before now, or between two instants. */
export function TimeRange({ since, until, onChange }: TimeRangeProps) {
  const exact = until !== undefined || (since !== undefined && !spans.some((one) => one.value === since));
  return (
    <>
      <Select
        aria-label="Time"
        value={exact ? 'between' : (since ?? '')}
        options={[{ value: '', label: 'Any time' }, ...spans, { value: 'between', label: 'Between…' }]}
        onChange={(event) => {
          const { value } = event.target;
          if (value !== 'between') onChange({ since: value || undefined, until: undefined });
          else onChange({ since: localText(Date.now() - 3_600_000), until: localText(Date.now() + 60_000) });
        }}
      />
      {exact && (
        <span className={styles.instants}>
          <Input
            type="datetime-local"
            aria-label="From"
            value={since ?? ''}
            onChange={(event) => onChange({ since: event.target.value || undefined })}
          />
          to
          <Input
            type="datetime-local"
            aria-label="To"
            value={until ?? ''}
            onChange={(event) => onChange({ until: event.target.value || undefined })}
          />
        </span>
      )}
    </>
  );
}
