import { Check, Copy } from 'lucide-react';
import { useEffect, useState } from 'react';
import { IconButton } from './button.tsx';
import styles from './copy.module.css';
import { ScrollRegion } from './scroll-region.tsx';

/** Copies a text; says so for a moment. */
export function CopyButton({ text, label = 'Copy' }: { text: string; label?: string }) {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), 1500);
    return () => clearTimeout(timer);
  }, [copied]);
  return (
    <IconButton
      size="small"
      label={copied ? 'Copied' : label}
      onClick={(event) => {
        event.stopPropagation();
        void navigator.clipboard.writeText(text).then(() => setCopied(true));
      }}
    >
      {copied ? <Check aria-hidden /> : <Copy aria-hidden />}
    </IconButton>
  );
}

/** Something to paste: a command, an address, a snippet. */
export function CodeBlock({ code, label }: { code: string; label?: string | undefined }) {
  return (
    <div className={styles.block}>
      <ScrollRegion className={styles.code} label={label ?? 'Code'}>
        <pre>{code}</pre>
      </ScrollRegion>
      <CopyButton text={code} />
    </div>
  );
}

/** A secret shown this one time. */
export function OneTimeSecret({ value, what }: { value: string; what: string }) {
  return (
    <div className={styles.once}>
      <p>
        <strong>Copy {what} now.</strong> It is not stored in readable form and will not be shown again.
      </p>
      <CodeBlock code={value} label={what} />
    </div>
  );
}
