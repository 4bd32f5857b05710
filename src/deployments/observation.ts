import type { Answer } from './gates.ts';
import type { Health } from './health.ts';

/** An instance as a look at it shows it. */
export interface SeenInstance {
  state: 'absent' | 'starting' | 'running' | 'exited';
  exitCode?: number | undefined;
  health: Health;
  detail: string;
}

/** What is seen now. Instances not named are absent. */
export interface Observation {
  instances: Readonly<Record<string, SeenInstance>>;
  /** Requests under way, by group. */
  inFlight: Readonly<Record<string, number>>;
  answers: readonly Answer[];
  /** The group that new requests go to by now, and since when; null before the gateway has taken up what is stored. */
  routed: { group: string; at: number } | null;
  cancel: { reason: string } | null;
  rollBack: { reason: string } | null;
}
