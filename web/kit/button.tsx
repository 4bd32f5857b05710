import { type ComponentProps, forwardRef, type ReactNode } from 'react';
import styles from './button.module.css';
import { classes } from './classes.ts';
import { Tooltip } from './tooltip.tsx';

export interface ButtonProps extends ComponentProps<'button'> {
  /** `primary`: the one thing this page is for. `danger`: cannot be taken back. `link`: the way into a row. */
  look?: 'plain' | 'primary' | 'danger' | 'quiet' | 'link' | undefined;
  size?: 'normal' | 'small' | undefined;
  icon?: ReactNode;
  /** Working: the label stays, the button waits. */
  busy?: boolean | undefined;
  /** Why it cannot be pressed now. The button stays focusable and says so. */
  disabledBecause?: string | undefined;
}

export const Button = forwardRef<HTMLButtonElement, ButtonProps>(function Button(
  { look = 'plain', size = 'normal', icon, busy, disabledBecause, className, children, onClick, ...rest },
  ref,
) {
  const blocked = Boolean(disabledBecause) || busy;
  const button = (
    <button
      ref={ref}
      type="button"
      {...rest}
      aria-disabled={blocked || undefined}
      aria-busy={busy || undefined}
      data-look={look}
      data-size={size}
      className={classes(styles.button, className)}
      onClick={blocked ? (event) => event.preventDefault() : onClick}
    >
      {busy ? <span className={styles.spinner} aria-hidden /> : icon}
      {children}
    </button>
  );
  return disabledBecause ? <Tooltip text={disabledBecause}>{button}</Tooltip> : button;
});

interface IconButtonProps extends Omit<ButtonProps, 'children' | 'icon'> {
  /** Its name, read aloud and shown on hover. */
  label: string;
  keys?: string | undefined;
  children: ReactNode;
}

/** A button that is only an icon; its name shows on hover and focus. */
export const IconButton = forwardRef<HTMLButtonElement, IconButtonProps>(function IconButton(
  { label, keys, className, look = 'quiet', children, ...rest },
  ref,
) {
  return (
    <Tooltip text={label} keys={keys}>
      <Button ref={ref} aria-label={label} look={look} className={classes(styles.icon, className)} {...rest}>
        {children}
      </Button>
    </Tooltip>
  );
});

/** The look of a button for links. */
export function buttonClass(look: 'plain' | 'primary' | 'quiet' = 'plain'): string {
  return classes(styles.button, styles[look]);
}
