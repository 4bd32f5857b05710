import { eventLimits } from '../limits.ts';
import type { ErrorReport, ReportedFrame } from '../report.ts';
import type { SourceMap } from './source-map.ts';

/** How a script's map is found: by its debug id, else by its address, in the release it belongs to. */
export interface MapKey {
  debugId: string | null;
  release: string;
  dist: string;
  url: string | null;
}

const isScript = (report: ErrorReport, frame: ReportedFrame): boolean =>
  ['javascript', 'node'].includes(frame.platform ?? report.platform);

/** The keys of the maps that would say more of a report; none for what is mapped or no script. */
export function mapKeys(report: ErrorReport): MapKey[] {
  const keys = new Map<string, MapKey>();
  for (const frames of stacksOf(report)) {
    for (const frame of frames) {
      const key = keyOf(report, frame);
      if (key) keys.set(nameOf(key), key);
    }
  }
  return [...keys.values()];
}

const stacksOf = (report: ErrorReport): ReportedFrame[][] =>
  [...report.exceptions.map((exception) => exception.frames), report.frames].filter((frames) => frames !== null);

/** A key as text, for maps of maps. */
export const nameOf = (key: MapKey): string => key.debugId ?? `${key.release}\n${key.dist}\n${key.url}`;

function keyOf(report: ErrorReport, frame: ReportedFrame): MapKey | null {
  const place = frame.path ?? frame.file;
  if (frame.mapped || place === null || frame.line === null || !isScript(report, frame)) return null;
  const debugId =
    report.images
      .find((image) => image.file === place)
      ?.debugId.replaceAll('-', '')
      .toLowerCase() ?? null;
  const url = addressOf(place);
  if (debugId === null && url === null) return null;
  return { debugId, release: report.release ?? '', dist: report.dist ?? '', url };
}

/** `~/assets/index.js` of `https://shop.example/assets/index.js?v=1`; of a file its path. */
function addressOf(place: string): string | null {
  const path = place.replace(/^(?:[a-z][a-z0-9+.-]*:\/\/[^/]*|app:\/\/)/i, '').replace(/[?#].*$/, '');
  return path.startsWith('/') ? `~${path}` : null;
}

/** The report with the frames of scripts as they were written. Frames without a map stay as they are. */
export function symbolicate(report: ErrorReport, mapOf: (key: MapKey) => SourceMap | null): ErrorReport {
  const inStack = (frames: ReportedFrame[]): ReportedFrame[] => {
    // What stands at a call is the name of what is called: the function of the next frame.
    let called: string | null = null;
    return frames.map((frame) => {
      const key = keyOf(report, frame);
      const map = key && mapOf(key);
      const place = map?.placeOf((frame.line ?? 1) - 1, Math.max(0, (frame.column ?? 1) - 1)) ?? null;
      const name = called;
      called = place?.name ?? null;
      return map && place ? mapped(frame, place.source, place, map.linesOf(place.source), name) : frame;
    });
  };
  return {
    ...report,
    exceptions: report.exceptions.map((exception) =>
      exception.frames === null ? exception : { ...exception, frames: inStack(exception.frames) },
    ),
    frames: report.frames && inStack(report.frames),
  };
}

function mapped(
  frame: ReportedFrame,
  source: string,
  place: { line: number; column: number },
  lines: string[] | null,
  name: string | null,
): ReportedFrame {
  const around = eventLimits.sourceLinesAround / 2;
  const text = (line: string): string => line.slice(0, eventLimits.sourceLine);
  const file = plainSource(source);
  const own = lines?.[place.line];
  return {
    ...frame,
    function: name ?? frame.function,
    file,
    path: source.slice(0, eventLimits.path),
    module: file
      .replace(/\.[cm]?[jt]sx?$/i, '')
      .replace(/^(?:\.\.?\/)+/, '')
      .slice(0, eventLimits.name),
    line: place.line + 1,
    column: place.column + 1,
    inApp: !/(?:^|\/)node_modules\/|^webpack\/(?:bootstrap|runtime)|^\(webpack\)/.test(file),
    library: /(?:^|\/)node_modules\//.test(file),
    sourceLine: own === undefined ? null : text(own),
    before: own === undefined ? [] : (lines ?? []).slice(Math.max(0, place.line - around), place.line).map(text),
    after: own === undefined ? [] : (lines ?? []).slice(place.line + 1, place.line + 1 + around).map(text),
    mapped: true,
  };
}

/** A source as people know it: without what a bundler puts before it. */
const plainSource = (source: string): string =>
  source
    .replace(/^webpack(?:-internal)?:\/\/(?:[^/]*\/)?/, '')
    .replace(/^(?:file|app|https?):\/\/(?:[^/]*\/)?/, '')
    .replace(/\?[^/]*$/, '')
    .replace(/^\.\//, '')
    .slice(0, eventLimits.path);
