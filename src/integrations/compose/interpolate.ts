import { composeLimits } from './limits.ts';

export type Lookup = (name: string) => string | undefined;

/** A value in pieces: text, or a variable with what stands when nobody gives it a value. */
export type Piece = { text: string } | { variable: string; otherwise: string };

export class InterpolationError extends Error {}

const nameStart = /[A-Za-z_]/;
const namePart = /[A-Za-z0-9_]*/y;

/**
 * Fills `$NAME`, `${NAME}`, `${NAME:-default}`, `${NAME-default}`, `${NAME:?message}`, `${NAME?message}`,
 * `${NAME:+replacement}`, `${NAME+replacement}` (nested, and lazily) and turns `$$` into `$`, as Compose does.
 * Throws an InterpolationError for what Compose refuses.
 */
export function interpolate(template: string, lookup: Lookup, depth = 0): string {
  return pieces(template, lookup, depth)
    .map((piece) => ('text' in piece ? piece.text : piece.otherwise))
    .join('');
}

/** The pieces of a template. Forms that ask whether a variable is set are decided now, by `lookup`, and become text. */
export function pieces(template: string, lookup: Lookup, depth = 0): Piece[] {
  if (depth > 20) throw new InterpolationError('variables are nested too deeply');
  const found: Piece[] = [];
  let text = '';
  const add = (piece: Piece): void => {
    if ('text' in piece) {
      text += piece.text;
      if (text.length > composeLimits.value) throw new InterpolationError('the value grows too long');
      return;
    }
    if (text !== '') found.push({ text });
    text = '';
    found.push(piece);
  };
  let index = 0;
  while (index < template.length) {
    const dollar = template.indexOf('$', index);
    if (dollar < 0) break;
    text += template.slice(index, dollar);
    const next = template[dollar + 1];
    if (next === '$') {
      text += '$';
      index = dollar + 2;
    } else if (next === '{') {
      const end = closing(template, dollar + 2);
      add(braced(template.slice(dollar + 2, end), lookup, depth));
      index = end + 1;
    } else if (next !== undefined && nameStart.test(next)) {
      namePart.lastIndex = dollar + 1;
      const name = namePart.exec(template)![0];
      add({ variable: name, otherwise: lookup(name) ?? '' });
      index = dollar + 1 + name.length;
    } else {
      text += '$';
      index = dollar + 1;
    }
  }
  text += template.slice(index);
  if (text !== '' || found.length === 0) found.push({ text });
  return found;
}

/** The brace that closes the one before `from`; braces inside come in pairs. */
function closing(template: string, from: number): number {
  let open = 1;
  for (let index = from; index < template.length; index += 1) {
    if (template[index] === '{') open += 1;
    else if (template[index] === '}') {
      open -= 1;
      if (open === 0) return index;
    }
  }
  throw new InterpolationError(`"\${" is not closed in "${shorten(template)}"`);
}

function braced(inner: string, lookup: Lookup, depth: number): Piece {
  const match = /^([A-Za-z_][A-Za-z0-9_]*)(?:(:?[-?+])([\s\S]*))?$/.exec(inner);
  if (!match) throw new InterpolationError(`"\${${shorten(inner)}}" is not a variable`);
  const [, name = '', operator = '', rest = ''] = match;
  const value = lookup(name);
  const given = operator.startsWith(':') ? value !== undefined && value !== '' : value !== undefined;
  const inside = (): string => interpolate(rest, lookup, depth + 1);
  if (operator === '') return { variable: name, otherwise: value ?? '' };
  if (operator.endsWith('-')) return { variable: name, otherwise: given ? value! : inside() };
  if (operator.endsWith('+')) return { text: given ? inside() : '' };
  if (given) return { variable: name, otherwise: value! };
  throw new InterpolationError(`variable "${name}" is required: ${inside() || 'it has no value'}`);
}

const shorten = (text: string): string => (text.length > 60 ? `${text.slice(0, 60)}...` : text);
