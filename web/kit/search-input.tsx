import { type KeyboardEvent, useId, useRef, useState } from 'react';
import { classes } from './classes.ts';
import { Input } from './field.tsx';
import styles from './search-input.module.css';

interface SearchInputProps {
  label: string;
  placeholder?: string | undefined;
  /** What was asked last. */
  asked: string | undefined;
  onAsk: (words: string | undefined) => void;
  /** Whole searches that what is typed may become; only their last word is shown. */
  finish?: ((typed: string) => string[]) | undefined;
  className?: string | undefined;
}

/**
 * Asks with Enter, and for everything again when it is emptied. With `finish` it offers words: the arrows choose one, Enter or a click takes
 * it, Escape closes the offer.
 */
export function SearchInput({ label, placeholder = label, asked, onAsk, finish, className }: SearchInputProps) {
  const box = useRef<HTMLInputElement>(null);
  const listId = useId();
  const [typed, setTyped] = useState(asked ?? '');
  const [known, setKnown] = useState(asked);
  const [open, setOpen] = useState(false);
  const [chosen, setChosen] = useState(-1);
  // Asked from elsewhere: a saved search, a link, the way back.
  if (asked !== known) {
    setKnown(asked);
    setTyped(asked ?? '');
  }
  const offers = open && finish ? finish(typed) : [];
  const before = typed.lastIndexOf(' ') + 1;
  const type = (text: string) => {
    setTyped(text);
    setOpen(true);
    setChosen(-1);
  };
  const take = (search: string) => {
    type(search.endsWith(':') ? search : `${search} `);
    if (!search.endsWith(':')) setOpen(false);
    box.current?.focus();
  };
  const onKeyDown = (event: KeyboardEvent<HTMLInputElement>) => {
    const offer = offers[chosen];
    if (event.key === 'Enter') {
      if (offer !== undefined) return take(offer);
      setOpen(false);
      onAsk(typed.trim() || undefined);
    } else if (event.key === 'Escape' && offers.length > 0) {
      event.preventDefault();
      setOpen(false);
    } else if (finish && (event.key === 'ArrowDown' || event.key === 'ArrowUp')) {
      event.preventDefault();
      if (!open) return setOpen(true);
      const step = event.key === 'ArrowDown' ? 1 : -1;
      // One place more than there are offers: none is chosen, Enter asks.
      const places = offers.length + 1;
      setChosen(((chosen + 1 + step + places) % places) - 1);
    }
  };
  const input = (
    <Input
      ref={box}
      type="search"
      aria-label={label}
      placeholder={placeholder}
      className={classes(finish && styles.text, className)}
      autoComplete="off"
      spellCheck={false}
      value={typed}
      {...(finish && {
        role: 'combobox',
        'aria-autocomplete': 'list' as const,
        'aria-expanded': offers.length > 0,
        'aria-controls': listId,
        'aria-activedescendant': chosen >= 0 ? `${listId}-${chosen}` : undefined,
        onFocus: () => setOpen(true),
        onBlur: () => setOpen(false),
      })}
      onChange={(event) => {
        type(event.target.value);
        if (event.target.value === '' && asked) onAsk(undefined);
      }}
      onKeyDown={onKeyDown}
    />
  );
  if (!finish) return input;
  return (
    <span className={styles.box}>
      {input}
      {offers.length > 0 && (
        <div className={styles.list} role="listbox" id={listId} aria-label="Words to search with">
          {offers.map((search, index) => (
            <div
              key={search}
              id={`${listId}-${index}`}
              role="option"
              tabIndex={-1}
              aria-selected={index === chosen}
              className={styles.offer}
              // The box keeps the focus.
              onMouseDown={(event) => {
                event.preventDefault();
                take(search);
              }}
            >
              {search.slice(before)}
            </div>
          ))}
        </div>
      )}
    </span>
  );
}
