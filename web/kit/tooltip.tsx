import { Tooltip as Radix } from 'radix-ui';
import type { ReactNode } from 'react';
import { Keys } from './keys.tsx';
import styles from './tooltip.module.css';

export const TooltipProvider = Radix.Provider;

/** A short hint on hover and focus. Never the only place something is said. */
export function Tooltip({ text, keys, children }: { text: ReactNode; keys?: string | undefined; children: ReactNode }) {
  return (
    <Radix.Root delayDuration={350}>
      <Radix.Trigger asChild>{children}</Radix.Trigger>
      <Radix.Portal>
        <Radix.Content className={styles.tip} sideOffset={5} collisionPadding={8}>
          {text}
          {keys && <Keys of={keys} />}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}
