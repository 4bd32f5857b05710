import { useSyncExternalStore } from 'react';

const query = '(width < 48rem)';

/** Whether the window is as narrow as a phone's: for what must be laid out anew there, not only made smaller. */
export function useNarrow(): boolean {
  return useSyncExternalStore(
    (changed) => {
      const media = matchMedia(query);
      media.addEventListener('change', changed);
      return () => media.removeEventListener('change', changed);
    },
    () => matchMedia(query).matches,
  );
}
