import { Check } from 'lucide-react';
import { DropdownMenu as Radix } from 'radix-ui';
import type { ReactNode } from 'react';
import styles from './menu.module.css';

export interface MenuItem {
  id: string;
  label: ReactNode;
  icon?: ReactNode;
  /** Small, at the end: keys or a state. */
  hint?: ReactNode;
  checked?: boolean | undefined;
  danger?: boolean | undefined;
  disabled?: boolean | undefined;
  onSelect: () => void;
}

export interface MenuGroup {
  id: string;
  title?: string | undefined;
  items: MenuItem[];
}

/** A menu under a button. */
export function Menu({
  trigger,
  groups,
  align = 'start',
}: {
  trigger: ReactNode;
  groups: MenuGroup[];
  align?: 'start' | 'end' | undefined;
}) {
  return (
    <Radix.Root modal={false}>
      <Radix.Trigger asChild>{trigger}</Radix.Trigger>
      <Radix.Portal>
        <Radix.Content className={styles.menu} align={align} sideOffset={4} collisionPadding={8}>
          {groups.map((group, index) => (
            <Radix.Group key={group.id}>
              {index > 0 && <Radix.Separator className={styles.line} />}
              {group.title && <Radix.Label className={styles.label}>{group.title}</Radix.Label>}
              {group.items.map((item) => (
                <Radix.Item
                  key={item.id}
                  className={styles.item}
                  data-danger={item.danger || undefined}
                  disabled={item.disabled ?? false}
                  onSelect={item.onSelect}
                >
                  {item.icon && <span className={styles.icon}>{item.icon}</span>}
                  <span className={styles.text}>{item.label}</span>
                  {item.hint && <span className={styles.hint}>{item.hint}</span>}
                  {item.checked && <Check aria-label="chosen" className={styles.check} />}
                </Radix.Item>
              ))}
            </Radix.Group>
          ))}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}
