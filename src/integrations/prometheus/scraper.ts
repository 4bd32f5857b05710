import { createHash } from 'node:crypto';
import { pause } from '../../kernel/pause.ts';
import { CumulativeState } from '../../platform/observe/cumulative.ts';
import type { Log } from '../../platform/observe/log.ts';
import type { Loop } from '../../platform/room.ts';
import type { PrometheusDependencies } from './index.ts';
import { limits } from './limits.ts';
import { type ScrapeTarget, scrape } from './scrape.ts';
import { MetricTypes } from './series.ts';

export interface ScraperDependencies extends Omit<PrometheusDependencies, 'keys'> {
  log: Log;
  /** What is to be scraped by now. Asked every few seconds. */
  targets: () => Promise<ScrapeTarget[]>;
  /** Whether this server is the one that scrapes. */
  mayScrape: () => Promise<boolean>;
}

const lookAgainMs = 5000;
const tickMs = 250;

/** Reads targets, each at its own interval, spread over it by its address so that not all are asked at once. */
export function scrapeLoop(deps: ScraperDependencies): Loop {
  const { clock, log, telemetry } = deps;
  return {
    name: 'prometheus.scrape',
    async run(signal) {
      const of = { telemetry, clock, state: new CumulativeState(clock.now(), limits.series), types: new MetricTypes() };
      const lastSlot = new Map<string, number>();
      const problems = new Map<string, string>();
      const running = new Map<string, Promise<void>>();
      let targets: ScrapeTarget[] = [];
      let lookedAt = Number.NEGATIVE_INFINITY;

      const begin = (key: string, target: ScrapeTarget): void => {
        const told = (problem: string | undefined): void => {
          if (problem !== undefined && problems.get(key) !== problem)
            log.warn({ target: target.url, problem }, 'metrics could not be scraped');
          if (problem === undefined) problems.delete(key);
          else problems.set(key, problem);
        };
        const work = scrape(target, of)
          .then(told, (error: unknown) => told(`not stored: ${(error as Error).message}`))
          .finally(() => running.delete(key));
        running.set(key, work);
      };

      while (!signal.aborted) {
        const now = clock.now();
        if (now - lookedAt >= lookAgainMs) {
          lookedAt = now;
          targets = (await deps.mayScrape()) ? (await deps.targets()).slice(0, limits.targets) : [];
          const keys = new Set(targets.map(keyOf));
          for (const key of lastSlot.keys()) if (!keys.has(key)) lastSlot.delete(key);
          for (const key of problems.keys()) if (!keys.has(key)) problems.delete(key);
        }
        for (const target of targets) {
          const key = keyOf(target);
          const slot = Math.floor((now - offsetOf(key, target.intervalMs)) / target.intervalMs);
          // A target heard of for the first time is read at once.
          if (lastSlot.get(key) === slot || running.has(key) || running.size >= limits.scrapesAtOnce) continue;
          lastSlot.set(key, slot);
          begin(key, target);
        }
        await pause(tickMs, signal);
      }
      await Promise.all(running.values());
    },
  };
}

const keyOf = (target: ScrapeTarget): string =>
  JSON.stringify([target.projectId, target.url, Object.entries(target.labels).sort(([a], [b]) => (a < b ? -1 : 1))]);

const offsetOf = (key: string, intervalMs: number): number =>
  createHash('sha256').update(key).digest().readUInt32BE(0) % intervalMs;
