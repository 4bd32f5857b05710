import { limits } from './limits.ts';

/** A page of metrics: Prometheus' text format 0.0.4, or OpenMetrics 1.0. */
export interface Exposition {
  /** Types by family, as the page names them. */
  types: [family: string, type: string][];
  samples: ExposedSample[];
}

export interface ExposedSample {
  /** With `__name__`. */
  labels: Map<string, string>;
  /** May be NaN or infinite. */
  value: number;
  /** Unix milliseconds, where the page names a time. */
  timestamp: number | undefined;
}

/** What stands at a line that is no exposition; `message` names the line. */
export class ExpositionError extends Error {}

const metricName = /[a-zA-Z_:][a-zA-Z0-9_:]*/y;
const labelStart = /[ \t]*([a-zA-Z_][a-zA-Z0-9_]*)[ \t]*=[ \t]*"/y;
/** The value, a time, and an exemplar behind `#`, which is left out. */
const rest = /^[ \t]+(\S+)(?:[ \t]+(-?[0-9.eE+]+))?[ \t]*(?:#.*)?$/;
const numbers: Record<string, number> = {
  '+inf': Number.POSITIVE_INFINITY,
  inf: Number.POSITIVE_INFINITY,
  '-inf': Number.NEGATIVE_INFINITY,
  nan: Number.NaN,
};

/**
 * Reads a page. `openMetrics`: its times are seconds, not milliseconds. Pure. Throws an {@link ExpositionError} at the first line
 * that is none, as upstream does: half a page would make counters jump.
 */
export function readExposition(text: string, openMetrics: boolean): Exposition {
  const read: Exposition = { types: [], samples: [] };
  let number = 0;
  for (const line of text.split('\n')) {
    number += 1;
    const trimmed = line.trim();
    if (trimmed === '') continue;
    if (trimmed.startsWith('#')) {
      const type = /^#[ \t]+TYPE[ \t]+(\S+)[ \t]+(\S+)$/.exec(trimmed);
      if (type) read.types.push([type[1]!, type[2]!]);
      if (openMetrics && trimmed === '# EOF') return read;
      continue;
    }
    const sample = sampleOf(trimmed, openMetrics);
    if (typeof sample === 'string') throw new ExpositionError(`line ${number}: ${sample}`);
    if (read.samples.length >= limits.samples) throw new ExpositionError(`more than ${limits.samples} samples`);
    read.samples.push(sample);
  }
  return read;
}

function sampleOf(line: string, openMetrics: boolean): ExposedSample | string {
  metricName.lastIndex = 0;
  const name = metricName.exec(line)?.[0];
  if (name === undefined) return 'no name of a metric';
  const labels = new Map([['__name__', name]]);
  let at = name.length;
  if (/^[ \t]*\{/.test(line.slice(at))) {
    const end = labelsUpTo(line, line.indexOf('{', at) + 1, labels);
    if (typeof end === 'string') return end;
    at = end;
  }
  const found = rest.exec(line.slice(at));
  if (!found) return 'no value, or something behind it';
  const value = numbers[found[1]!.toLowerCase()] ?? numberOf(found[1]!);
  const time = found[2] === undefined ? undefined : numberOf(found[2]);
  if (value === undefined || (found[2] !== undefined && time === undefined)) return 'a value or time that is no number';
  return { labels, value, timestamp: time === undefined ? undefined : openMetrics ? time * 1000 : time };
}

function labelsUpTo(line: string, from: number, labels: Map<string, string>): number | string {
  let at = from;
  for (;;) {
    while (line[at] === ' ' || line[at] === '\t' || line[at] === ',') at += 1;
    if (line[at] === '}') return at + 1;
    labelStart.lastIndex = at;
    const start = labelStart.exec(line);
    if (!start) return 'labels that cannot be read';
    let value = '';
    at = labelStart.lastIndex;
    for (; line[at] !== '"'; at += 1) {
      if (at >= line.length) return 'a label without an end';
      if (line[at] !== '\\') value += line[at];
      else {
        at += 1;
        value += line[at] === 'n' ? '\n' : (line[at] ?? '');
      }
    }
    at += 1;
    if (labels.size > limits.labels) return `more than ${limits.labels} labels`;
    labels.set(start[1]!, value);
  }
}

const numberOf = (text: string): number | undefined =>
  /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text) ? Number(text) : undefined;
