/** Evaluates a query for an alert condition; the telemetry room fulfils it. */
export interface Evaluator {
  /**
   * The value of `nrql` over the window of `windowSeconds` that ends at `until` (Unix ms): one row for each facet, or one row
   * with `facet: null` when the query has none. `value` is null when there is nothing to aggregate. The query names no time of its own.
   * Any number of calls may run at once; each answers within 10 s or rejects. A query that cannot be understood rejects with an
   * `invalid` Fault, a store that is away with an `unavailable` one.
   */
  evaluate(
    nrql: string,
    scope: { projectId: string | null; windowSeconds: number; until: number },
  ): Promise<{ facet: string | null; value: number | null }[]>;
}

/** One message to one receiver. */
export interface Message {
  /** The delivery's id; the same at every attempt, so that a receiver can tell a repetition. */
  id: string;
  /** An address (mail) or a URL (webhook). */
  to: string;
  subject: string;
  text: string;
  html: string | null;
  /** What a program reads (webhook body). */
  payload: Record<string, unknown>;
  /** Unix milliseconds when it was asked for. */
  at: number;
}

/** What a channel was set up with; secrets arrive decrypted. */
export type ChannelSettings =
  | {
      kind: 'mail';
      host: string;
      port: number;
      /** `implicit`: TLS from the first byte. `starttls`: required. `opportunistic`: when the server offers it. */
      tls: 'implicit' | 'starttls' | 'opportunistic';
      from: string;
      username: string | null;
      password: string | null;
    }
  | {
      kind: 'webhook';
      /** Key of the HMAC-SHA256 signature; null sends unsigned. */
      secret: string | null;
      /** Whether loopback, link-local and private addresses may be called. */
      allowPrivateTargets: boolean;
    };

export type DeliveryOutcome =
  | { delivered: true; detail: string }
  /** `permanent`: trying again cannot help (an address that does not exist, a 4xx). */
  | { delivered: false; permanent: boolean; detail: string };

/** One way of sending (SMTP, webhook); an integration fulfils each kind. */
export interface Notifier {
  kind: ChannelSettings['kind'];
  /**
   * Sends once and says how it went; never rejects for what the receiver did. Takes at most 30 s, ends early when `signal`
   * aborts. May be called again with the same message after a crash: at least once.
   */
  send(settings: ChannelSettings, message: Message, signal: AbortSignal): Promise<DeliveryOutcome>;
}

/** Which project a request means; the projects room fulfils it. */
export interface ProjectDirectory {
  /** By id or slug; undefined when there is none. */
  find(project: string): Promise<{ id: string } | undefined>;
}

/** A fact that may have brought an incident about. */
export interface ProbableCause {
  eventId: string;
  /** In words, with how long before: "12 s before: production serves r2-abcdef0". */
  what: string;
}

/** Guesses what an incident came from; whoever knows of deployments and settings fulfils it. */
export interface CauseFinder {
  /** Facts shortly before `at` (Unix ms) that touched this service and environment, nearest first, at most 5. Under 1 s. */
  probableCauses(about: {
    projectId: string | null;
    service: string | null;
    environment: string | null;
    facet: string | null;
    at: number;
  }): Promise<ProbableCause[]>;
}
