import type { Masker } from '../../secrets/index.ts';

/** A number is hidden when it is a whole secret of at least so many digits; shorter ones are ports, line numbers and the like. */
const fewestDigits = 6;

/**
 * Hides secrets in JSON text: in every text, in names of fields, and numbers that are a secret as a whole. The bytes themselves come
 * back when nothing is found. What is no JSON is masked as plain text.
 */
export function maskJson(payload: Uint8Array, masker: Masker): Uint8Array {
  if (masker.isEmpty) return payload;
  const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
  const masked = masker.bytes(bytes);
  if (masked === bytes) return payload;
  try {
    return Buffer.from(JSON.stringify(maskValue(JSON.parse(bytes.toString()), masker)));
  } catch {
    // Not JSON, or nested deeper than can be written again; whoever reads it refuses it.
    return masked;
  }
}

/** Without recursion, as what comes from outside may be nested deeper than the stack. */
function maskValue(root: unknown, masker: Masker): unknown {
  const holder: Record<string, unknown> = { root };
  const open: object[] = [holder];
  for (let container = open.pop(); container; container = open.pop()) {
    const fields = container as Record<string, unknown>;
    for (const [name, value] of Object.entries(fields)) {
      const shown = maskLeaf(value, masker);
      const shownName = Array.isArray(container) ? name : masker.text(name);
      if (shownName !== name) delete fields[name];
      if (shownName !== name || shown !== value) set(fields, shownName, shown);
      if (typeof shown === 'object' && shown !== null) open.push(shown);
    }
  }
  return holder.root;
}

/** Plain assignment to `__proto__` would not make a field. */
function set(fields: Record<string, unknown>, name: string, value: unknown): void {
  Object.defineProperty(fields, name, { value, enumerable: true, writable: true, configurable: true });
}

function maskLeaf(value: unknown, masker: Masker): unknown {
  if (typeof value === 'string') return masker.text(value);
  if (typeof value !== 'number') return value;
  const text = String(value);
  return text.length >= fewestDigits && masker.text(text) === '****' ? '****' : value;
}
