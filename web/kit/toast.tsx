import { CircleAlert, CircleCheck, X } from 'lucide-react';
import { createContext, type ReactNode, use, useCallback, useMemo, useState } from 'react';
import { Button, IconButton } from './button.tsx';
import styles from './toast.module.css';

interface Toast {
  id: number;
  tone: 'good' | 'bad';
  text: string;
  undo?: (() => void) | undefined;
}

interface Toasts {
  /** Something worked; `undo` takes it back. */
  said: (text: string, undo?: () => void) => void;
  /** Something failed. Stays until it is dismissed. */
  failed: (error: unknown) => void;
}

const ToastContext = createContext<Toasts>({ said: () => {}, failed: () => {} });

let nextId = 0;

/** Short messages in the corner, announced to readers. */
export function ToastProvider({ children }: { children: ReactNode }) {
  const [toasts, setToasts] = useState<Toast[]>([]);
  const dismiss = useCallback((id: number) => setToasts((all) => all.filter((toast) => toast.id !== id)), []);
  const actions = useMemo<Toasts>(() => {
    const add = (toast: Omit<Toast, 'id'>, lasts: number | undefined) => {
      nextId += 1;
      const id = nextId;
      setToasts((all) => [...all.slice(-3), { ...toast, id }]);
      if (lasts) setTimeout(() => dismiss(id), lasts);
    };
    return {
      said: (text, undo) => add({ tone: 'good', text, undo }, undo ? 9000 : 4000),
      failed: (error) => add({ tone: 'bad', text: error instanceof Error ? error.message : String(error) }, undefined),
    };
  }, [dismiss]);
  return (
    <ToastContext value={actions}>
      {children}
      <div className={styles.stack} role="status" aria-live="polite">
        {toasts.map((toast) => (
          <div key={toast.id} className={styles.toast} data-tone={toast.tone}>
            {toast.tone === 'good' ? <CircleCheck aria-hidden /> : <CircleAlert aria-hidden />}
            <span className={styles.text}>{toast.text}</span>
            {toast.undo && (
              <Button
                size="small"
                onClick={() => {
                  toast.undo?.();
                  dismiss(toast.id);
                }}
              >
                Undo
              </Button>
            )}
            <IconButton label="Dismiss" size="small" onClick={() => dismiss(toast.id)}>
              <X aria-hidden />
            </IconButton>
          </div>
        ))}
      </div>
    </ToastContext>
  );
}

export const useToasts = (): Toasts => use(ToastContext);
