import { setTimeout as sleep } from 'node:timers/promises';
import { type DockerEngine, engineAnswers } from './client.ts';

export interface Readiness {
  /** Whether the engine answers now. Under 2 s. */
  now(): Promise<{ ready: true } | { ready: false; reason: string }>;
  /** As `now`, but an engine that answered before is waited for: it may only be restarting. */
  settled(signal: AbortSignal): Promise<{ ready: true } | { ready: false; reason: string; hadBeen: boolean }>;
}

/** Follows one engine over the life of this server. `awayMs`: how long it may be away before that counts. */
export function watchReadiness(docker: DockerEngine, awayMs: number): Readiness {
  let hadBeen = false;
  const now: Readiness['now'] = async () => {
    const answer = await engineAnswers(docker);
    hadBeen ||= answer.ready;
    return answer.ready ? { ready: true } : answer;
  };
  return {
    now,
    async settled(signal) {
      const deadline = Date.now() + awayMs;
      for (;;) {
        const answer = await now();
        if (answer.ready) return answer;
        if (!hadBeen || Date.now() > deadline || signal.aborted) return { ...answer, hadBeen };
        await sleep(1000, undefined, { ref: false });
      }
    },
  };
}
