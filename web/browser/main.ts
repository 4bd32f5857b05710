import { onCLS, onFCP, onINP, onLCP, onTTFB } from 'web-vitals';
import { type Attributes, Sending } from './sending.ts';

/**
 * The script for pages of a product: page views, web vitals, errors, time on page and events of one's own. It sends nothing to whoever asks not to
 * be tracked (Do Not Track, Global Privacy Control), nothing before consent where consent is required, and never a query string.
 */
interface Millrace {
  /** An event of one's own, of type `name`. */
  event(name: string, attributes?: Attributes): void;
  /** Attributes that every later event carries. */
  set(attributes: Attributes): void;
  error(error: unknown, attributes?: Attributes): void;
  /** Whether the visitor agrees. Only who does is known again on the next visit. */
  consent(given: boolean): void;
  /** Any of these as a list, as pages write it that do not wait for this script: `['event', 'Purchase', { total: 30 }]`. */
  push(call: Call): void;
}

type Call = [method: Exclude<keyof Millrace, 'push'>, ...parameters: unknown[]];

declare global {
  interface Window {
    millrace?: Millrace | Call[];
    /** Older Safari's. */
    doNotTrack?: string;
  }
  interface Navigator {
    globalPrivacyControl?: boolean;
  }
}

const script = document.currentScript as HTMLScriptElement;
const { key = '', service = location.hostname, release, environment, consent } = script.dataset;
const calls = Array.isArray(window.millrace) ? window.millrace : [];
const refused = navigator.doNotTrack === '1' || window.doNotTrack === '1' || navigator.globalPrivacyControl === true;

const random = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(8)), (byte) => byte.toString(16).padStart(2, '0')).join('');

/** An id kept in a store of the browser; a fresh one where there is none to keep it in. */
function kept(store: () => Storage, name: string): string {
  try {
    const known = store().getItem(name) ?? random();
    store().setItem(name, known);
    return known;
  } catch {
    return random();
  }
}

const given: Attributes = {};
let sessionId: string | undefined;
let visitorId: string | undefined;
let view = { id: random(), path: location.pathname, seconds: 0, since: performance.now() };

const sending = new Sending(
  `${new URL(script.src).origin}/browser/v1/events?key=${encodeURIComponent(key)}`,
  consent !== 'required',
  () => {
    sessionId ??= kept(() => sessionStorage, 'millrace.session');
    return { service, release, environment, sessionId, visitorId, language: navigator.language, width: innerWidth };
  },
);

const add = (type: string, attributes: Attributes): void =>
  sending.add(type, {
    ...given,
    pageViewId: view.id,
    pagePath: view.path,
    pageUrl: location.origin + view.path,
    ...attributes,
  });

function viewed(more: Attributes): void {
  const referrer = document.referrer === '' ? undefined : new URL(document.referrer).host;
  add('PageView', { pageHost: location.host, pageTitle: document.title, referrer, ...more });
}

/** Time counts while the page is seen. */
function pauseTime(): void {
  if (view.since > 0) view.seconds += (performance.now() - view.since) / 1000;
  view.since = 0;
}

function left(): void {
  pauseTime();
  if (view.seconds > 0)
    add('PageViewTiming', { timingName: 'timeOnPage', timeOnPage: Math.round(view.seconds * 1000) / 1000 });
  view.seconds = 0;
}

/** Pages that change their address without being loaded anew. */
function moved(): void {
  if (location.pathname === view.path) return;
  const previousPath = view.path;
  left();
  view = { id: random(), path: location.pathname, seconds: 0, since: document.hidden ? 0 : performance.now() };
  // Its title is set a little later.
  setTimeout(() => viewed({ previousPath, soft: true }), 50);
}

let errors = 0;
function failed(error: unknown, more: Attributes): void {
  errors += 1;
  // A page that fails in a loop says so fifty times, not for ever.
  if (errors > 50) return;
  const known = error instanceof Error ? error : undefined;
  add('JavaScriptError', {
    errorClass: known?.name ?? 'Error',
    errorMessage: (known?.message ?? String(error)).slice(0, 1000),
    stack: known?.stack?.slice(0, 4000),
    ...more,
  });
}

/** Seconds: to the end of loading, and what of them the server, the document and what it shows took. */
function durations({
  loadEventStart,
  responseStart,
  responseEnd,
  domContentLoadedEventEnd,
}: PerformanceNavigationTiming): Attributes {
  return {
    duration: loadEventStart / 1000,
    backendDuration: responseStart / 1000,
    domProcessingDuration: (domContentLoadedEventEnd - responseEnd) / 1000,
    pageRenderingDuration: (loadEventStart - domContentLoadedEventEnd) / 1000,
  };
}

function watch(): void {
  const timing = performance.getEntriesByType('navigation')[0] as PerformanceNavigationTiming | undefined;
  const begin = (): void =>
    viewed({
      ...(timing && timing.loadEventStart > 0 ? durations(timing) : {}),
      navigationType: timing?.type,
    });
  if (document.readyState === 'complete') begin();
  else addEventListener('load', () => setTimeout(begin, 0));
  const vital =
    (name: string, divisor: number) =>
    ({ value, rating }: { value: number; rating: string }): void =>
      add('PageViewTiming', { timingName: name, [name]: value / divisor, rating });
  onLCP(vital('largestContentfulPaint', 1000));
  onINP(vital('interactionToNextPaint', 1000));
  onCLS(vital('cumulativeLayoutShift', 1));
  onFCP(vital('firstContentfulPaint', 1000));
  onTTFB(vital('timeToFirstByte', 1000));
  addEventListener('error', ({ error, message, filename, lineno, colno }) => {
    if (error || message) failed(error ?? message, error ? {} : { file: filename, line: lineno, column: colno });
  });
  addEventListener('unhandledrejection', ({ reason }) => failed(reason, { unhandled: true }));
  for (const name of ['pushState', 'replaceState'] as const) {
    const original = history[name];
    history[name] = function (...parameters) {
      original.apply(this, parameters);
      moved();
    };
  }
  addEventListener('popstate', moved);
  // After the listeners of web vitals, so that what they tell at the end goes along.
  addEventListener('visibilitychange', () => {
    if (!document.hidden) view.since = performance.now();
    else {
      pauseTime();
      sending.flush(true);
    }
  });
  addEventListener('pagehide', () => {
    left();
    sending.flush(true);
  });
}

const carryOut = ([method, ...parameters]: Call): void =>
  (api[method] as (...values: unknown[]) => void)(...parameters);

const api: Millrace = {
  push: carryOut,
  event: (name, attributes = {}) => add(name, attributes),
  set: (attributes) => void Object.assign(given, attributes),
  error: (error, attributes = {}) => failed(error, attributes),
  consent(agreed) {
    sending.open = agreed;
    if (agreed) {
      visitorId = kept(() => localStorage, 'millrace.visitor');
      sending.flush(false);
      return;
    }
    sending.forget();
    sessionId = undefined;
    visitorId = undefined;
    try {
      sessionStorage.removeItem('millrace.session');
      localStorage.removeItem('millrace.visitor');
    } catch {
      // There is nothing to remove where nothing can be kept.
    }
  },
};
const silent: Millrace = { event() {}, set() {}, error() {}, consent() {}, push() {} };

window.millrace = refused ? silent : api;
if (!refused) {
  watch();
  calls.forEach(carryOut);
}
