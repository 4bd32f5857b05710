import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { plural } from './figures.ts';
import styles from './tabs.module.css';

export interface TabItem {
  /** Value of the `tab` search parameter; the first one is the default and needs none. */
  id: string;
  label: string;
  count?: number | undefined;
  /** Something in it needs a look. */
  alert?: boolean | undefined;
}

/**
 * Tabs that are links: the open one stands in the URL (`?tab=`), so it can be shared and the back button works.
 * They are a navigation list rather than an ARIA tab list, because each has an address.
 */
export function LinkTabs({
  items,
  current,
  label,
  children,
}: {
  items: TabItem[];
  current: string;
  label: string;
  children?: ReactNode;
}) {
  return (
    <nav className={styles.tabs} aria-label={label}>
      <ul>
        {items.map((item, index) => (
          <li key={item.id}>
            <Link
              to="."
              search={(before: Record<string, unknown>) => ({ ...before, tab: index === 0 ? undefined : item.id })}
              replace
              className={styles.tab}
              // Without this the first tab, whose link names no tab, would count as open on every other one.
              activeOptions={{ exact: true, explicitUndefined: true }}
              aria-current={current === item.id ? 'page' : undefined}
              resetScroll={false}
            >
              {item.label}
              {item.count !== undefined && (
                <span className={styles.count} data-alert={item.alert || undefined} title={plural(item.count, 'item')}>
                  {item.count}
                </span>
              )}
            </Link>
          </li>
        ))}
      </ul>
      {children && <div className={styles.beside}>{children}</div>}
    </nav>
  );
}

/** A small set of choices of which one holds. */
export function Choice<Value extends string>({
  value,
  options,
  onChange,
  label,
}: {
  value: Value;
  options: { value: Value; label: ReactNode }[];
  onChange: (value: Value) => void;
  label: string;
}) {
  return (
    <div className={styles.choice} role="radiogroup" aria-label={label}>
      {options.map((option, index) => (
        // biome-ignore lint/a11y/useSemanticElements: a segmented control; a native radio cannot hold this form
        <button
          key={option.value}
          type="button"
          role="radio"
          aria-checked={option.value === value}
          tabIndex={option.value === value ? 0 : -1}
          onClick={() => onChange(option.value)}
          onKeyDown={(event) => {
            const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
            if (!step) return;
            event.preventDefault();
            const next = (index + step + options.length) % options.length;
            onChange(options[next]!.value);
            (event.currentTarget.parentElement?.children[next] as HTMLElement | undefined)?.focus();
          }}
        >
          {option.label}
        </button>
      ))}
    </div>
  );
}
