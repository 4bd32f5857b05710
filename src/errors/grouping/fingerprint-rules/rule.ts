/** What an event offers to the conditions of fingerprint rules: for each kind, sets of values of which one set must meet all. */
export interface EventFacets {
  exceptions: Map<string, string>[];
  frames: Map<string, string>[];
  event: Map<string, string>;
}

export interface FingerprintMatcher {
  /** `exception` conditions must all hold for one exception, `frame` conditions for one frame. */
  of: 'exception' | 'frame' | 'event';
  key: string;
  negated: boolean;
  test(value: string): boolean;
}

/** The first rule whose conditions all hold gives the event its fingerprint. */
export interface FingerprintRule {
  matchers: FingerprintMatcher[];
  /** May hold variables such as `{{ error.type }}`, and `{{ default }}` for the grouping it would have had. */
  fingerprint: string[];
  /** Instead of the title made of type and value; may hold variables. */
  title: string | null;
  text: string;
  builtIn: boolean;
}
