import { Dialog } from '../kit/dialog.tsx';
import { Keys } from '../kit/keys.tsx';
import styles from './help.module.css';
import { places } from './places.ts';

const general = [
  ['mod+k', 'Go anywhere, do anything'],
  ['/', 'Filter this page'],
  ['j', 'First or next row'],
  ['k', 'Row before'],
  ['Enter', 'Open'],
  ['Esc', 'Close what is open'],
  ['mod+Enter', 'Run the query'],
  ['?', 'This list'],
] as const;

/** Every key there is. */
export function HelpDialog({ onOpenChange }: { onOpenChange: (open: boolean) => void }) {
  return (
    <Dialog open onOpenChange={onOpenChange} title="Keyboard shortcuts">
      <div className={styles.columns}>
        <dl>
          {general.map(([keys, what]) => (
            <div key={keys}>
              <dt>{what}</dt>
              <dd>
                <Keys of={keys} />
              </dd>
            </div>
          ))}
        </dl>
        <dl>
          {places.map((place) => (
            <div key={place.to}>
              <dt>{place.name}</dt>
              <dd>
                <Keys of={`g then ${place.key}`} />
              </dd>
            </div>
          ))}
        </dl>
      </div>
    </Dialog>
  );
}
