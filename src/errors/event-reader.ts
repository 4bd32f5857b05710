import { bodyOf, type Digest, digest, parsePayload } from './digest.ts';
import type { RuleBook } from './grouping-rules.ts';
import type { JsonObject } from './lenient.ts';
import { normalise, skim } from './normalise.ts';
import type { Outcome, ReceivedEvent } from './port.ts';
import type { ErrorReport } from './report.ts';
import { createSampler } from './sampling.ts';
import type { SettingsBook } from './settings/project-settings.ts';
import type { MapBook } from './source-maps/map-book.ts';
import { StackMemory } from './stack-memory.ts';

/** What a project says of its events. */
export interface ReaderSurroundings {
  rules: RuleBook;
  maps: MapBook;
  settings: SettingsBook;
}

type Read = { digest: Digest } | { refused: Pick<Outcome, 'outcome' | 'reason'> };

/** Reads events as they come out of the spool. */
export interface EventReader {
  /** Filtered, cleaned, mapped and grouped; with its body when it is wanted in full. */
  read(event: ReceivedEvent): Promise<Read>;
  /** The whole report of an event as it is kept. */
  bodyOf(digest: Digest): Promise<Buffer>;
}

/**
 * Events are skimmed first: that is enough to filter, group and count them. Those that are kept are read as a whole, by the same steps.
 */
export function createEventReader({ rules, maps, settings }: ReaderSurroundings): EventReader {
  const memory = new StackMemory();
  const sampler = createSampler();
  const whole = async (payload: JsonObject, event: ReceivedEvent): Promise<Buffer> => {
    const { scrub } = await settings.treatmentOf(event.projectId);
    const report = normalise(payload, event);
    const read = await maps.symbolicated(event.projectId, scrub ? scrub(report) : report);
    return bodyOf(read, await rules.rulesOf(event.projectId));
  };
  return {
    async read(event) {
      const { projectId } = event;
      const payload = parsePayload(event);
      if (!payload) return { refused: { outcome: 'invalid', reason: 'not_json' } };
      const { filter, scrub } = await settings.treatmentOf(projectId);
      let report: ErrorReport = skim(payload, event, memory);
      const unwanted = filter(report);
      if (unwanted) return { refused: { outcome: 'filtered', reason: unwanted } };
      if (scrub) report = scrub(report);
      const made = digest(event, await maps.symbolicated(projectId, report), await rules.rulesOf(projectId));
      const { facts, hashes } = made;
      if (sampler.wants(projectId, hashes[0]!, facts.release, facts.receivedAt))
        made.body = await whole(payload, event);
      return { digest: made };
    },
    async bodyOf({ event }) {
      const payload = parsePayload(event);
      if (!payload) throw new Error('an event that was read once cannot be read again');
      return whole(payload, event);
    },
  };
}
