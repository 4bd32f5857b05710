import { useEffect, useState } from 'react';

/**
 * The secret of a one-time link. It stands behind the `#`, so that it reaches neither servers nor their logs, and is
 * taken out of the address at once, so that it does not stay in the browser's history.
 */
export function useLinkToken(): string {
  const [token] = useState(() => location.hash.slice(1));
  useEffect(() => {
    if (location.hash) history.replaceState(history.state, '', location.pathname);
  }, []);
  return token;
}
