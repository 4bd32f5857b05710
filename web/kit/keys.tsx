import styles from './keys.module.css';

const onMac = typeof navigator !== 'undefined' && /mac|iphone|ipad/i.test(navigator.platform);

/** Keys to press, written `mod+k` or `g then p`. `mod` is Cmd on a Mac and Ctrl elsewhere. */
export function Keys({ of }: { of: string }) {
  const keys = of.split(/\+| then /).map((key) => (key === 'mod' ? (onMac ? '⌘' : 'Ctrl') : key));
  return (
    <span className={styles.keys}>
      {keys.map((key) => (
        <kbd key={key}>{key.length === 1 ? key.toUpperCase() : key}</kbd>
      ))}
    </span>
  );
}
