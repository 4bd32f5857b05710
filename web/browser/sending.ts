export type Attributes = Record<string, string | number | boolean | null | undefined>;

interface Waiting {
  type: string;
  /** By the page's own clock that is never set back. */
  at: number;
  attributes: Attributes;
}

const most = 100;
const atOnce = 50;
const everyMs = 5000;

/**
 * Gathers events and sends them: every five seconds, and at once when the page is hidden, since it may never be seen again. What could not be
 * sent is tried again, within bounds.
 */
export class Sending {
  readonly #url: string;
  readonly #common: () => Attributes;
  #waiting: Waiting[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #failures = 0;
  /** Until there is consent, events wait. */
  open: boolean;

  constructor(url: string, open: boolean, common: () => Attributes) {
    this.#url = url;
    this.open = open;
    this.#common = common;
  }

  add(type: string, attributes: Attributes): void {
    this.#waiting.push({ type, at: performance.now(), attributes: { ...attributes } });
    if (this.#waiting.length > most) this.#waiting.shift();
    if (document.visibilityState === 'hidden') this.flush(true);
    else this.#timer ??= setTimeout(() => this.flush(false), everyMs * 2 ** this.#failures);
  }

  forget(): void {
    this.#waiting = [];
  }

  flush(leaving: boolean): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (!this.open) return;
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, atOnce);
      const now = performance.now();
      const body = JSON.stringify({
        common: this.#common(),
        // Ages, not times: clocks of visitors are wrong.
        events: batch.map(({ type, at, attributes }) => ({ type, ago: Math.round(now - at), attributes })),
      });
      if (leaving && navigator.sendBeacon?.(this.#url, body)) continue;
      fetch(this.#url, { method: 'POST', body, keepalive: true, credentials: 'omit', mode: 'cors' })
        .then(({ status }) => {
          if (status === 429 || status >= 500) throw new Error(String(status));
          this.#failures = 0;
        })
        .catch(() => {
          this.#failures = Math.min(6, this.#failures + 1);
          this.#waiting = [...batch, ...this.#waiting].slice(0, most);
          this.#timer ??= setTimeout(() => this.flush(false), everyMs * 2 ** this.#failures);
        });
    }
  }
}
