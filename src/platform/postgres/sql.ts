/** A statement and its bound values. Text from outside can only ever become a value. */
export interface Sql {
  text: string;
  values: unknown[];
}

const isSql = (value: unknown): value is Sql => typeof value === 'object' && value !== null && fragmentMark in value;
const fragmentMark = Symbol('sql');

/**
 * Builds a statement: interpolated values become `$n` parameters, nested `sql` fragments are spliced in.
 * Arrays bind as PostgreSQL arrays (`= any(${ids})`); bind JSON with `json(value)`.
 */
export function sql(parts: TemplateStringsArray, ...inputs: unknown[]): Sql {
  let text = parts[0]!;
  const values: unknown[] = [];
  inputs.forEach((input, index) => {
    if (isSql(input)) {
      text += input.text.replace(/\$(\d+)/g, (_, n: string) => `$${Number(n) + values.length}`);
      values.push(...input.values);
    } else {
      values.push(input);
      text += `$${values.length}`;
    }
    text += parts[index + 1]!;
  });
  return mark({ text, values });
}

function mark(statement: Sql): Sql {
  Object.defineProperty(statement, fragmentMark, { value: true, enumerable: false });
  return statement;
}

/** A value for a json or jsonb column. */
export const json = (value: unknown): string => JSON.stringify(value);

/** Fragments joined by `and`, or `true` when there are none. */
export function all(conditions: Sql[]): Sql {
  if (conditions.length === 0) return sql`true`;
  return conditions.slice(1).reduce((left, right) => sql`${left} and ${right}`, conditions[0]!);
}

/** A timestamptz column as Unix milliseconds. `column` is a word of our own code, never input. */
export function msOf(column: string): Sql {
  return mark({ text: `(extract(epoch from ${column}) * 1000)::float8`, values: [] });
}

/** Unix milliseconds as a timestamptz value; null stays null. */
export function timeOf(ms: number | null): Sql {
  return sql`to_timestamp(${ms === null ? null : ms / 1000}::float8)`;
}
