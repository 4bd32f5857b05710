/** Values bound to a statement. Text of a query only ever reaches ClickHouse through here. */
export class Params {
  readonly values: Record<string, string | number> = {};
  readonly #known = new Map<string, string>();
  #count = 0;

  /** A placeholder for a value; the same value of the same type gives the same placeholder. */
  bind(value: string | number, type: 'String' | 'Float64' | 'Int64' | 'UInt32'): string {
    const identity = `${type} ${value}`;
    const known = this.#known.get(identity);
    if (known) return known;
    const name = `p${this.#count}`;
    this.#count += 1;
    this.values[name] = value;
    const placeholder = `{${name}:${type}}`;
    this.#known.set(identity, placeholder);
    return placeholder;
  }

  text(value: string): string {
    return this.bind(value, 'String');
  }

  number(value: number): string {
    return this.bind(value, 'Float64');
  }
}
