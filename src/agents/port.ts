/** Work an agent holds. A write made under an older epoch than the stored one must be refused. */
export interface Lease {
  workId: string;
  epoch: number;
  /** Name of the agent that holds it. */
  agent: string;
}

/**
 * What agents do. Fulfilled by the pipelines room. Called once for each lease; several run at once. It takes up work that was begun under
 * an earlier epoch. When `signal` aborts (the server stops, or the lease is lost) it leaves the work as it is, quickly.
 * It resolves after the work was completed or left; a rejection is logged and the work offered again after the lease ends.
 */
export interface Workload {
  perform(lease: Lease, signal: AbortSignal): Promise<void>;
  /** What can run here now, for people. */
  executors(): Promise<{ kind: string; ready: boolean; detail: string }[]>;
}
