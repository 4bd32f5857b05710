import { Templated } from './document.ts';

/** The text of a scalar, or undefined when it is none. */
export function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (value instanceof Templated) return value.text;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
}

/** A whole number, also when written as text. */
export function integerOf(value: unknown): number | undefined {
  const text = textOf(value);
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}

/** Milliseconds of Compose's durations (`1m30s`, `500ms`); undefined when it is none. */
export function durationOf(value: unknown): number | undefined {
  const text = textOf(value);
  if (text === undefined) return undefined;
  const scale: Record<string, number> = { us: 0.001, ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
  let total = 0;
  const rest = text.replace(/(\d+(?:\.\d+)?)(us|ms|s|m|h)/g, (_, amount: string, unit: string) => {
    total += Number(amount) * scale[unit]!;
    return '';
  });
  return rest === '' && text !== '' ? total : undefined;
}

/** Bytes of Compose's sizes (`512m`, `1gb`, `64kb`); undefined when it is none. */
export function bytesOf(value: unknown): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*(b|k|kb|m|mb|g|gb)?$/i.exec(textOf(value) ?? '');
  if (!match) return undefined;
  const power = { k: 1, m: 2, g: 3 }[(match[2] ?? 'b')[0]!.toLowerCase()] ?? 0;
  return Math.round(Number(match[1]) * 1024 ** power);
}

/** Words of a command line, by the quoting of a shell; nothing else of a shell is meant. */
export function words(text: string): string[] {
  const found: string[] = [];
  for (const match of text.matchAll(/(?:"((?:\\.|[^"\\])*)"|'([^']*)'|((?:\\.|[^\s"'\\])+))+/g)) {
    found.push(
      match[0].replace(
        /"((?:\\.|[^"\\])*)"|'([^']*)'|((?:\\.|[^\s"'\\])+)/g,
        (_, double?: string, single?: string, bare?: string) =>
          single !== undefined ? single : (double ?? bare ?? '').replace(/\\(.)/g, '$1'),
      ),
    );
  }
  return found;
}
