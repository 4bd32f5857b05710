import { X } from 'lucide-react';
import { AlertDialog, Dialog as Radix } from 'radix-ui';
import { type ReactNode, useRef, useState } from 'react';
import { Button, IconButton } from './button.tsx';
import { classes } from './classes.ts';
import styles from './dialog.module.css';

interface DialogProps {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  title: string;
  description?: ReactNode;
  children?: ReactNode;
  footer?: ReactNode;
  wide?: boolean | undefined;
}

/** A modal window: focus stays inside, Escape closes. */
export function Dialog({ open, onOpenChange, title, description, children, footer, wide }: DialogProps) {
  // Opened by state, not by a trigger of its own: what had the focus gets it back.
  const opener = useRef<Element>(null);
  return (
    <Radix.Root open={open} onOpenChange={onOpenChange}>
      <Radix.Portal>
        <Radix.Overlay className={styles.scrim} />
        <Radix.Content
          className={classes(styles.dialog, wide && styles.wide)}
          onOpenAutoFocus={(event) => {
            opener.current = document.activeElement;
            focusFirstField(event);
          }}
          onCloseAutoFocus={(event) => {
            event.preventDefault();
            if (opener.current instanceof HTMLElement) opener.current.focus();
          }}
          {...(description ? {} : { 'aria-describedby': undefined })}
        >
          <div className={styles.head}>
            <Radix.Title className={styles.title}>{title}</Radix.Title>
            <Radix.Close asChild>
              <IconButton label="Close" size="small">
                <X aria-hidden />
              </IconButton>
            </Radix.Close>
          </div>
          {description && (
            <Radix.Description asChild>
              <div className={styles.words}>{description}</div>
            </Radix.Description>
          )}
          {children && <div className={styles.body}>{children}</div>}
          {footer && <div className={styles.foot}>{footer}</div>}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

/** The first thing to fill in; else the action at the end; else the window itself, never the cross that closes it. */
function focusFirstField(event: Event): void {
  const content = event.currentTarget as HTMLElement;
  const field = content.querySelector<HTMLElement>('input:not([type="hidden"]), select, textarea');
  const action = content.querySelector<HTMLElement>('[data-look="primary"]:not([aria-disabled="true"])');
  event.preventDefault();
  (field ?? action ?? content).focus();
}

interface ConfirmProps {
  /** What opens it; left out where it is opened from a menu, with `onOpenChange`: it is open as long as it is shown then. */
  trigger?: ReactNode;
  onOpenChange?: (open: boolean) => void;
  /** A question naming the object: `Cancel run 42?` */
  title: string;
  /** What happens then, and whether it can be taken back. */
  children?: ReactNode;
  /** The verb on the button. */
  action: string;
  danger?: boolean | undefined;
  onConfirm: () => Promise<unknown>;
}

/** Asks once before something that matters. Stays open and says why when it fails. */
export function Confirm({ trigger, onOpenChange, title, children, action, danger, onConfirm }: ConfirmProps) {
  const [opened, setOpened] = useState(false);
  const open = onOpenChange ? true : opened;
  const setOpen = onOpenChange ?? setOpened;
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string>();
  const confirm = async () => {
    setBusy(true);
    setProblem(undefined);
    try {
      await onConfirm();
      setOpen(false);
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <AlertDialog.Root open={open} onOpenChange={setOpen}>
      {trigger && <AlertDialog.Trigger asChild>{trigger}</AlertDialog.Trigger>}
      <AlertDialog.Portal>
        <AlertDialog.Overlay className={styles.scrim} />
        <AlertDialog.Content className={styles.dialog} {...(children ? {} : { 'aria-describedby': undefined })}>
          <AlertDialog.Title className={styles.title}>{title}</AlertDialog.Title>
          {children && (
            <AlertDialog.Description asChild>
              <div className={styles.words}>{children}</div>
            </AlertDialog.Description>
          )}
          {problem && (
            <p className={styles.problem} role="alert">
              {problem}
            </p>
          )}
          <div className={styles.foot}>
            <AlertDialog.Cancel asChild>
              <Button>Keep as it is</Button>
            </AlertDialog.Cancel>
            <Button look={danger ? 'danger' : 'primary'} busy={busy} onClick={() => void confirm()}>
              {action}
            </Button>
          </div>
        </AlertDialog.Content>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  );
}
