import { ChevronDown } from 'lucide-react';
import { type ComponentProps, type ReactNode, useId } from 'react';
import { classes } from './classes.ts';
import styles from './field.module.css';

interface FieldProps {
  label: string;
  hint?: ReactNode;
  problem?: string | undefined;
  children: (ids: {
    id: string;
    'aria-describedby': string | undefined;
    'aria-invalid': true | undefined;
  }) => ReactNode;
}

/** A labelled control with its hint and its problem tied to it for readers. */
export function Field({ label, hint, problem, children }: FieldProps) {
  const id = useId();
  const described = [hint && `${id}-hint`, problem && `${id}-problem`].filter(Boolean).join(' ');
  return (
    <div className={styles.field}>
      <label htmlFor={id}>{label}</label>
      {children({ id, 'aria-describedby': described || undefined, 'aria-invalid': problem ? true : undefined })}
      {hint && (
        <div id={`${id}-hint`} className={styles.hint}>
          {hint}
        </div>
      )}
      {problem && (
        <div id={`${id}-problem`} className={styles.problem} role="alert">
          {problem}
        </div>
      )}
    </div>
  );
}

interface TextFieldProps extends Omit<ComponentProps<'input'>, 'id'> {
  label: string;
  hint?: ReactNode;
  problem?: string | undefined;
}

/** A labelled line of text. */
export function TextField({ label, hint, problem, className, ...rest }: TextFieldProps) {
  return (
    <Field label={label} hint={hint} problem={problem}>
      {(ids) => <input {...ids} {...rest} className={classes(styles.input, className)} />}
    </Field>
  );
}

interface TextAreaProps extends Omit<ComponentProps<'textarea'>, 'id'> {
  label: string;
  hint?: ReactNode;
  problem?: string | undefined;
}

/** Labelled lines of text. */
export function TextArea({ label, hint, problem, className, ...rest }: TextAreaProps) {
  return (
    <Field label={label} hint={hint} problem={problem}>
      {(ids) => <textarea spellCheck={false} {...ids} {...rest} className={classes(styles.input, className)} />}
    </Field>
  );
}

/** A line of text without a visible label. */
export function Input({ className, ...rest }: ComponentProps<'input'> & { 'aria-label': string }) {
  return <input {...rest} className={classes(styles.input, className)} />;
}

interface SelectProps extends ComponentProps<'select'> {
  options: { value: string; label: string }[];
  small?: boolean | undefined;
}

/** The system's own chooser: the best one on a phone and for readers. */
export function Select({ options, className, small, ...rest }: SelectProps) {
  return (
    <span className={classes(styles.select, small && styles.small, className)}>
      <select {...rest}>
        {options.map((option) => (
          <option key={option.value} value={option.value}>
            {option.label}
          </option>
        ))}
      </select>
      <ChevronDown aria-hidden />
    </span>
  );
}

/** A form's fields under one another. */
export function Fields({ children }: { children: ReactNode }) {
  return <div className={styles.fields}>{children}</div>;
}

export const inputClass: string = styles.input ?? '';

/** A box to tick. */
export function Check({ label, checked, set }: { label: string; checked: boolean; set: (checked: boolean) => void }) {
  return (
    <label className={styles.check}>
      <input type="checkbox" checked={checked} onChange={(event) => set(event.target.checked)} />
      {label}
    </label>
  );
}

/** Entries, one a line. */
export function Lines({ set, ...rest }: Omit<TextAreaProps, 'onChange'> & { set: (value: string) => void }) {
  return <TextArea {...rest} onChange={(event) => set(event.target.value)} />;
}

/** What was written in {@link Lines}. */
export const linesOf = (text: string): string[] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
