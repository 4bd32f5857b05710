import type { UseMutationResult } from '@tanstack/react-query';
import { type ReactNode, useId } from 'react';
import { Button } from '../kit/button.tsx';
import { Dialog } from '../kit/dialog.tsx';
import { Fields } from '../kit/field.tsx';
import { Problem } from './problem.tsx';

/**
 * A window with a form that sets something up. Enter sends it; what the server refuses stands below the fields, which keep
 * what was written. With `result`, what came of it takes the form's place until it is closed: for what is shown only once.
 */
export function FormDialog<Data>({
  open = true,
  onOpenChange,
  title,
  action,
  sending,
  children,
  result,
  wide,
  showProblem = true,
}: {
  open?: boolean | undefined;
  onOpenChange: (open: boolean) => void;
  title: string;
  /** The verb on the button. */
  action: string;
  sending: UseMutationResult<Data, Error, void>;
  /** The fields. */
  children: ReactNode;
  result?: ((data: Data) => ReactNode) | undefined;
  wide?: boolean | undefined;
  /** False where the fields show it themselves. */
  showProblem?: boolean | undefined;
}) {
  const form = useId();
  const done = result && sending.data !== undefined ? result(sending.data) : undefined;
  return (
    <Dialog
      open={open}
      wide={wide}
      onOpenChange={onOpenChange}
      title={title}
      footer={
        done ? (
          <Button look="primary" onClick={() => onOpenChange(false)}>
            Done
          </Button>
        ) : (
          <>
            <Button onClick={() => onOpenChange(false)}>Close</Button>
            <Button type="submit" form={form} look="primary" busy={sending.isPending}>
              {action}
            </Button>
          </>
        )
      }
    >
      {done ?? (
        <form
          id={form}
          onSubmit={(event) => {
            event.preventDefault();
            sending.mutate();
          }}
        >
          <Fields>
            {children}
            {showProblem && sending.error && <Problem error={sending.error} />}
          </Fields>
        </form>
      )}
    </Dialog>
  );
}
