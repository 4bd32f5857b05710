import type { News, Seen } from './frames.ts';
import { limits } from './limits.ts';
import type { Catalogue } from './nrql/fields.ts';
import { type AttributeType, tableOf, tables } from './tables.ts';

const nothing: ReadonlySet<AttributeType> = new Set();

/**
 * What has come in: event types, the attributes of each with their types, names of metrics. Kept in memory, filled from the store at
 * the start and by every batch that reaches it. Attributes with a column of their own are known from the layout.
 */
export class SeenCatalogue implements Seen, Catalogue {
  /** Project, event type, attribute: types. */
  readonly #attributes = new Map<string, Map<string, Map<string, Set<AttributeType>>>>();
  readonly #metrics = new Map<string, Set<string>>();
  readonly #metricNames = new Set<string>();
  readonly #types = new Map<string, Map<string, Set<AttributeType>>>();
  #news: News[] = [];

  eventType(projectId: string, eventType: string): boolean {
    return this.#eventType(projectId, eventType, true) !== undefined;
  }

  #eventType(projectId: string, eventType: string, isNews: boolean): Map<string, Set<AttributeType>> | undefined {
    let project = this.#attributes.get(projectId);
    if (!project) {
      project = new Map();
      this.#attributes.set(projectId, project);
    }
    let known = project.get(eventType);
    if (known) return known;
    if (project.size >= limits.eventTypes) return undefined;
    known = new Map();
    project.set(eventType, known);
    if (!this.#types.has(eventType)) this.#types.set(eventType, new Map());
    if (isNews) this.#news.push({ projectId, eventType, name: '', type: 'event' });
    return known;
  }

  attribute(projectId: string, eventType: string, name: string, type: AttributeType): boolean {
    return this.#attribute(projectId, eventType, name, type, true);
  }

  #attribute(projectId: string, eventType: string, name: string, type: AttributeType, isNews: boolean): boolean {
    const known = this.#eventType(projectId, eventType, isNews);
    if (!known) return false;
    const types = known.get(name);
    if (types?.has(type)) return true;
    if (!types && known.size >= limits.attributeNames) return false;
    if (types) types.add(type);
    else known.set(name, new Set([type]));
    const all = this.#types.get(eventType)!;
    const everywhere = all.get(name) ?? new Set();
    everywhere.add(type);
    all.set(name, everywhere);
    if (isNews) this.#news.push({ projectId, eventType, name, type });
    return true;
  }

  metric(projectId: string, name: string): void {
    const known = this.#metrics.get(projectId) ?? new Set();
    if (known.has(name)) return;
    known.add(name);
    this.#metrics.set(projectId, known);
    this.#metricNames.add(name);
    this.#news.push({ projectId, eventType: 'Metric', name, type: 'metric' });
  }

  takeNews(): News[] {
    if (this.#news.length === 0) return [];
    const news = this.#news;
    this.#news = [];
    return news;
  }

  /** Puts back news whose frame was not accepted. */
  returnNews(news: News[]): void {
    this.#news.unshift(...news);
  }

  /** Learns what the store or another server knows. */
  learn(news: Iterable<News>): void {
    for (const { projectId, eventType, name, type } of news) {
      if (type === 'event') this.#eventType(projectId, eventType, false);
      else if (type !== 'metric') this.#attribute(projectId, eventType, name, type, false);
      else {
        const known = this.#metrics.get(projectId) ?? new Set();
        known.add(name);
        this.#metrics.set(projectId, known);
        this.#metricNames.add(name);
      }
    }
  }

  eventTypes(): Iterable<string> {
    return this.#types.keys();
  }

  typesOf(eventTypes: readonly string[], attribute: string): ReadonlySet<AttributeType> {
    let found: Set<AttributeType> | undefined;
    for (const eventType of eventTypes) {
      const types = this.#types.get(eventType)?.get(attribute);
      if (!types) continue;
      if (eventTypes.length === 1) return types;
      found ??= new Set();
      for (const type of types) found.add(type);
    }
    return found ?? nothing;
  }

  isMetric(name: string): boolean {
    return this.#metricNames.has(name);
  }

  *attributes(eventTypes: readonly string[]): Iterable<string> {
    for (const eventType of eventTypes) {
      yield* this.#types.get(eventType)?.keys() ?? [];
      if (eventType === 'Metric') yield* this.#metricNames;
    }
  }

  /** Everything known of a project (null: of all), with columns of the layout first; for completion. */
  *describe(projectId: string | null): Iterable<{
    eventType: string;
    name: string;
    type: AttributeType;
    description: string | null;
  }> {
    const seen = new Set<string>();
    for (const [project, byType] of this.#attributes) {
      if (projectId !== null && project !== projectId) continue;
      for (const [eventType, attributes] of byType) {
        const add = function* (name: string, type: AttributeType, description: string | null) {
          const identity = `${eventType} ${name} ${type}`;
          if (seen.has(identity)) return;
          seen.add(identity);
          yield { eventType, name, type, description };
        };
        yield* add('timestamp', 'time', 'When it happened');
        for (const column of tables[tableOf(eventType)].promoted)
          yield* add(column.name, column.type, column.description);
        for (const [name, types] of attributes) for (const type of types) yield* add(name, type, null);
        if (eventType !== 'Metric') continue;
        for (const name of this.#metrics.get(project) ?? []) yield* add(name, 'number', 'Metric');
      }
    }
  }
}
