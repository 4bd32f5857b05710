import type { ErrorReport, ReportedFrame } from '../../report.ts';
import { familyOf } from '../stack-rules/rule.ts';
import type { EventFacets, FingerprintRule } from './rule.ts';

const put = (into: Map<string, string>, key: string, value: string | null | undefined): void => {
  if (value !== null && value !== undefined && value !== '') into.set(key, value);
};

function frameFacets(frame: ReportedFrame, report: ErrorReport): Map<string, string> {
  const facets = new Map<string, string>();
  put(facets, 'function', frame.function);
  put(facets, 'module', frame.module);
  put(facets, 'path', (frame.path ?? frame.file)?.replaceAll('\\', '/'));
  put(facets, 'package', frame.package?.replaceAll('\\', '/'));
  facets.set('family', familyOf(frame.platform ?? report.platform));
  facets.set('app', frame.inApp === true ? 'yes' : 'no');
  return facets;
}

/** What an event says, as fingerprint rules ask for it. */
export function facetsOf(report: ErrorReport): EventFacets {
  const event = new Map<string, string>();
  put(event, 'message', report.message?.text ?? report.exceptions.at(-1)?.value);
  put(event, 'logger', report.logger);
  put(event, 'level', report.level);
  put(event, 'release', report.release);
  put(event, 'environment', report.environment);
  put(event, 'transaction', report.transaction);
  put(event, 'sdk', report.sdk?.name);
  event.set('family', familyOf(report.platform));
  for (const [key, value] of report.tags) event.set(`tags.${key}`, value);
  const exceptions = report.exceptions.map((exception) => {
    const facets = new Map<string, string>();
    put(facets, 'type', exception.type);
    put(facets, 'value', exception.value);
    put(facets, 'mechanism', exception.mechanism?.type);
    return facets;
  });
  let frames: EventFacets['frames'] | undefined;
  return {
    event,
    exceptions,
    // Few rules ask for frames, and frames are many.
    get frames() {
      const stacks = report.exceptions.map((exception) => exception.frames ?? []);
      frames ??= [...stacks, report.frames ?? []].flat().map((frame) => frameFacets(frame, report));
      return frames;
    },
  };
}

/** The first rule that holds; conditions on exceptions must meet in one exception, conditions on frames in one frame. */
export function matchingRule(rules: readonly FingerprintRule[], report: ErrorReport): FingerprintRule | undefined {
  if (rules.length === 0) return undefined;
  const facets = facetsOf(report);
  return rules.find((rule) => {
    const holds = (of: 'exception' | 'frame' | 'event', places: () => Map<string, string>[]): boolean => {
      const wanted = rule.matchers.filter((matcher) => matcher.of === of);
      return (
        wanted.length === 0 ||
        places().some((place) =>
          wanted.every(({ key, test, negated }) => {
            const value = place.get(key);
            return (value !== undefined && test(value)) !== negated;
          }),
        )
      );
    };
    return (
      holds('event', () => [facets.event]) &&
      holds('exception', () => facets.exceptions) &&
      holds('frame', () => facets.frames)
    );
  });
}
