export type ErrorLevel = 'fatal' | 'error' | 'warning' | 'info' | 'debug';

/** One call of a stack, as its client described it. Lines and columns count from 1. */
export interface ReportedFrame {
  function: string | null;
  module: string | null;
  /** Relative where the client could tell. */
  file: string | null;
  path: string | null;
  package: string | null;
  line: number | null;
  column: number | null;
  /** Code of the application rather than of a library; null when nobody can say. Stack trace rules have the last word. */
  inApp: boolean | null;
  /** `inApp` before a rule changed it, and the rule; absent when none did. */
  inAppBefore?: boolean | null | undefined;
  inAppRule?: string | undefined;
  /** What kind of call the rules take it for. */
  category?: string | undefined;
  /** It lies where only libraries lie, so it is not the application's whatever the client said. */
  library: boolean;
  /** Overrides the platform of the event. */
  platform: string | null;
  sourceLine: string | null;
  before: string[];
  after: string[];
  /** Local variables as text. */
  variables: [string, string][];
  /** The position was translated by a source map. */
  mapped: boolean;
}

export interface ReportedException {
  type: string | null;
  value: string | null;
  module: string | null;
  /** Outermost call first, crash last; null when the client sent no stack. */
  frames: ReportedFrame[] | null;
  mechanism: {
    type: string | null;
    handled: boolean | null;
    /** Made up to carry a message: its type says nothing. */
    synthetic: boolean;
    id: number | null;
    parentId: number | null;
    isGroup: boolean;
    source: string | null;
  } | null;
}

export interface Breadcrumb {
  /** Unix ms. */
  at: number | null;
  type: string;
  category: string | null;
  level: ErrorLevel;
  message: string | null;
  data: [string, string][];
}

/**
 * One event in the words of this room: every field bounded, every value storable. This is what is kept, so a field added later
 * is absent from what was kept before: readers treat absent as null.
 */
export interface ErrorReport {
  /** The client's: 32 lower-case hexadecimal digits. */
  eventId: string;
  /** When it happened, Unix ms, with the client's clock corrected. */
  at: number;
  receivedAt: number;
  platform: string;
  level: ErrorLevel;
  logger: string | null;
  transaction: string | null;
  server: string | null;
  /** From the tag `service`, else from the address the event was sent to, which Millrace makes for each service it deploys. */
  service: string | null;
  release: string | null;
  dist: string | null;
  environment: string | null;
  /** `template` is the text before its parameters were put in. */
  message: { text: string; template: string | null } | null;
  /** In the protocol's order: what caused the error first, the error itself last. */
  exceptions: ReportedException[];
  /** Stack without exception: of a message, or of the thread that crashed. */
  frames: ReportedFrame[] | null;
  breadcrumbs: Breadcrumb[];
  tags: [string, string][];
  user: [string, string][];
  request: {
    method: string | null;
    url: string | null;
    query: string | null;
    headers: [string, string][];
    body: string | null;
  } | null;
  contexts: [string, [string, string][]][];
  extra: [string, string][];
  modules: [string, string][];
  sdk: { name: string; version: string } | null;
  fingerprint: string[] | null;
  /** A browser's security report: what is forbidden, and by which source (or which kind of script of the page itself). */
  security?: { salt: string; violation: string | null; source: string | null } | undefined;
  /** A hash the client made itself, instead of any grouping; absent in nearly every event. */
  checksum?: string | undefined;
  /** Files with the ids that their source maps are found by. */
  images: { file: string; debugId: string }[];
  traceId: string | null;
  spanId: string | null;
  /** What was mended or cut. */
  notes: string[];
}
