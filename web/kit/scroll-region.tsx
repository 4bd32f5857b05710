import type { ComponentProps } from 'react';

/** A named region that scrolls by itself, and so must be reachable by keyboard (WCAG 2.1.1). */
export function ScrollRegion({
  label,
  ...rest
}: Omit<ComponentProps<'section'>, 'aria-label' | 'tabIndex'> & { label: string }) {
  // biome-ignore lint/a11y/noNoninteractiveTabindex: without it the arrow keys cannot scroll the region
  return <section {...rest} aria-label={label} tabIndex={0} />;
}
