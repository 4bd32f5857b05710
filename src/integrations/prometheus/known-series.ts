import { textOf } from '../../kernel/foreign-json.ts';
import { decodeMessage } from '../../platform/protobuf/protobuf.ts';
import { limits } from './limits.ts';
import { label } from './messages.ts';

/** What the points of one series have in common. The objects are the same for each of them, and never changed. */
export class Series {
  readonly name: string;
  readonly #labels: Map<string, string>;
  readonly #projectId: string;
  readonly #attributes = new Map<string, Record<string, string>>();
  #key: string | undefined;

  constructor(projectId: string, labels: Map<string, string>) {
    this.#projectId = projectId;
    this.#labels = labels;
    this.name = labels.get('__name__') ?? '';
  }

  /** Tells it apart from all other series, in whatever order its labels came. */
  get key(): string {
    this.#key ??= JSON.stringify([this.#projectId, [...this.#labels].sort(([a], [b]) => (a < b ? -1 : 1))]);
    return this.#key;
  }

  /** Labels as attributes; the service is the scraped job unless a label says otherwise, the host that of the instance. */
  attributes(metricType: string): Record<string, string> {
    const known = this.#attributes.get(metricType);
    if (known) return known;
    const { __name__: _name, ...labels } = Object.fromEntries(this.#labels);
    const service = labels.service ?? labels.app ?? labels.job;
    const host = labels.host ?? labels.instance?.replace(/:\d+$/, '');
    const attributes = {
      ...labels,
      ...(service ? { service } : {}),
      ...(host ? { host } : {}),
      metricName: this.name,
      metricType,
    };
    this.#attributes.set(metricType, attributes);
    return attributes;
  }
}

/** Labels that New Relic gives what a sender brings who names itself in the address; its published dashboards ask for them. */
export function withSource(labels: Map<string, string>, source: string): Map<string, string> {
  if (source === '') return labels;
  const more = {
    prometheus_server: source,
    'instrumentation.provider': 'prometheus',
    'instrumentation.name': 'remote-write',
    'instrumentation.source': source,
  };
  for (const [name, value] of Object.entries(more)) if (!labels.has(name)) labels.set(name, value);
  return labels;
}

/** The series that came of late, by their labels as they stand in a message. */
export class KnownSeries {
  #recent = new Map<string, Series>();
  #before = new Map<string, Series>();

  /** The series with these labels, each a message in the form `raw`. Throws a Fault where one is malformed. */
  of(projectId: string, labels: readonly string[], source = ''): Series {
    // Behind every label a character that no byte is.
    const key = `${projectId}\u0100${source}\u0100${labels.join('\u0100')}`;
    let series = this.#recent.get(key);
    if (series) return series;
    series = this.#before.get(key) ?? new Series(projectId, withSource(read(labels), source));
    if (key.length > limits.knownCharacters) return series;
    if (this.#recent.size >= limits.known / 2) {
      this.#before = this.#recent;
      this.#recent = new Map();
    }
    this.#recent.set(key, series);
    return series;
  }
}

function read(labels: readonly string[]): Map<string, string> {
  return new Map(
    labels.map((bytes) => {
      const { name, value } = decodeMessage(Buffer.from(bytes, 'latin1'), label);
      return [textOf(name), textOf(value)];
    }),
  );
}
