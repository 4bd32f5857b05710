export interface SourceAccount {
  projectId: string | null;
  type: string;
  accepted: number;
  dropped: number;
  reasons: Record<string, number>;
}

/** Reasons of one source that are told apart: some name what senders chose. */
const mostReasons = 200;

/** Counts what came in and what was refused, by project and event type, since the server started. */
export class Accounting {
  readonly #sources = new Map<string, SourceAccount>();

  #of(projectId: string | null, type: string): SourceAccount {
    const key = `${projectId ?? ''} ${type}`;
    let source = this.#sources.get(key);
    if (!source) {
      source = { projectId, type, accepted: 0, dropped: 0, reasons: {} };
      // Type names come from outside; past a bound they share one account.
      if (this.#sources.size >= 5000) {
        const rest = this.#sources.get('rest') ?? { ...source, projectId: null, type: 'other' };
        this.#sources.set('rest', rest);
        return rest;
      }
      this.#sources.set(key, source);
    }
    return source;
  }

  accepted(projectId: string | null, type: string, count: number): void {
    this.#of(projectId, type).accepted += count;
  }

  dropped(projectId: string | null, type: string, reason: string, count: number): void {
    const source = this.#of(projectId, type);
    source.dropped += count;
    const isNew = !Object.hasOwn(source.reasons, reason);
    const known = isNew && Object.keys(source.reasons).length >= mostReasons ? 'other reasons' : reason;
    source.reasons[known] = (source.reasons[known] ?? 0) + count;
  }

  list(): SourceAccount[] {
    return [...this.#sources.values()].sort((a, b) => b.accepted + b.dropped - a.accepted - a.dropped);
  }
}
