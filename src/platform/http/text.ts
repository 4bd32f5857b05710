import { Fault } from '../../kernel/faults.ts';

const unstorable = /\0|\p{Surrogate}/u;

/**
 * Refuses text, however deep in `value`, that no store takes: with a NUL character, or with half of a surrogate pair, which has no
 * place in UTF-8. Values come from JSON, an address or a query, so they hold no cycles.
 */
export function requireText(value: unknown): void {
  if (typeof value === 'string') {
    if (!unstorable.test(value)) return;
    throw new Fault('invalid', 'Text with a NUL character or half a surrogate pair is not taken', {
      code: 'http.text',
    });
  }
  if (typeof value !== 'object' || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    requireText(key);
    requireText(inner);
  }
}
