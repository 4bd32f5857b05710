/**
 * Resolves after `ms`, or at once when `signal` aborts or `woken` resolves. It leaves no listener behind, which
 * `AbortSignal.any` on a signal that lives as long as the server does.
 */
export function pause(ms: number, signal: AbortSignal, woken?: Promise<void>): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    if (signal.aborted) done();
    else signal.addEventListener('abort', done, { once: true });
    void woken?.then(done);
  });
}
