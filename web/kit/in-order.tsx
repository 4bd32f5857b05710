import { Fragment, type ReactNode } from 'react';

interface InOrderProps<Item> {
  items: readonly Item[];
  children: (item: Item, index: number) => ReactNode;
}

/** Items that are known by nothing but their place: the pieces of a line, the queries of a form, the causes of an error. */
export function InOrder<Item>({ items, children }: InOrderProps<Item>) {
  return items.map((item, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: the place is what these items are known by
    <Fragment key={index}>{children(item, index)}</Fragment>
  ));
}
