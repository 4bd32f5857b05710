import type { ReactNode } from 'react';
import { Problem } from '../../app/problem.tsx';
import { Button } from '../../kit/button.tsx';

interface Saving {
  mutate: () => void;
  isPending: boolean;
  error: Error | null;
}

/** Settings that are saved together, in one section or several. */
export function SaveForm({ save, children }: { save: Saving; children: ReactNode }) {
  return (
    <form
      style={{ display: 'grid', gap: 'var(--space-5)' }}
      onSubmit={(event) => {
        event.preventDefault();
        save.mutate();
      }}
    >
      {children}
    </form>
  );
}

/** The end of such a form: why it was not saved, and the button; `refusal` says why this person cannot. */
export function SaveRow({ save, refusal }: { save: Saving; refusal: string | undefined }) {
  return (
    <>
      {save.error && <Problem error={save.error} />}
      <div>
        <Button type="submit" look="primary" busy={save.isPending} disabledBecause={refusal}>
          Save
        </Button>
      </div>
    </>
  );
}
