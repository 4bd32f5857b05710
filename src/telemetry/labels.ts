/**
 * Attributes of a metric's point that have no column of their own lie in one text, `labels`: an object in JSON, or nothing. A series'
 * points all have the same, so the store keeps each text once (LowCardinality), and what is asked of it is worked out once for each
 * text rather than for each point. Quotes and backslashes in it are escaped by
 * their numbers, so that a name is found by its text alone and a value ends with the next quote.
 */
export const labelsColumn = ['labels', 'LowCardinality(String) CODEC(ZSTD(3))'] as const;

const short: Record<string, string> = { '\b': 'b', '\f': 'f', '\n': 'n', '\r': 'r', '\t': 't' };

/** A name or text as it stands between quotes in `labels`: escaped as the engine does, but for quotes and backslashes. */
export const labelText = (text: string): string =>
  text.replace(/["\\\u0000-\u001f\u2028\u2029]/g, (one) => {
    const code = one.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0');
    return `\\${short[one] ?? `u${code}`}`;
  });

/** SQL of a value as it stands in `labels`; an empty text where there is none. `name` is SQL of a {@link labelText}. */
const written = (name: string): string => `simpleJSONExtractRaw(labels, ${name})`;

/** SQL of a label, NULL where there is none of that type. `name` is SQL of a {@link labelText}. */
export const labelReadings = {
  strings: (name: string): string =>
    `if(startsWith(${written(name)}, '"'), simpleJSONExtractString(labels, ${name}), NULL)`,
  numbers: (name: string): string => `toFloat64OrNull(${written(name)})`,
  booleans: (name: string): string =>
    `if(${written(name)} IN ('true', 'false'), CAST(${written(name)} = 'true', 'Bool'), NULL)`,
} as const;

const computed = (name: 'strings' | 'numbers' | 'booleans', type: string, which: string, value: string) =>
  [
    name,
    `Map(LowCardinality(String), ${type}) ALIAS CAST(arrayMap(pair -> (pair.1, ${value}), arrayFilter(pair -> ${which},
      JSONExtractKeysAndValuesRaw(labels))), 'Map(LowCardinality(String), ${type})')`,
  ] as const;

/** The maps that other tables have, computed from `labels` when they are read. */
export const labelMaps = [
  computed('strings', 'String', `startsWith(pair.2, '"')`, 'JSONExtractString(pair.2)'),
  computed('numbers', 'Float64', 'isNotNull(toFloat64OrNull(pair.2))', 'toFloat64(pair.2)'),
  computed('booleans', 'Bool', "pair.2 IN ('true', 'false')", "pair.2 = 'true'"),
] as const;

/** SQL of `labels` from maps of these names. */
export function labelsFrom(maps: readonly ('strings' | 'numbers' | 'booleans')[]): string {
  const escaped = (text: string): string =>
    [
      [String.raw`\\\\`, String.raw`\\u005C`],
      ['\\\\"', String.raw`\\u0022`],
      // The engine escapes slashes too.
      [String.raw`\\/`, '/'],
    ].reduce(
      (inner, [from, to]) => `replaceAll(${inner}, '${from}', '${to}')`,
      `substring(toJSONString(${text}), 2, length(toJSONString(${text})) - 2)`,
    );
  const values = {
    strings: `concat('"', ${escaped('value')}, '"')`,
    numbers: 'toString(value)',
    booleans: "if(value, 'true', 'false')",
  };
  const entries = maps.map(
    (map) => `arrayMap((name, value) -> concat('"', ${escaped('name')}, '":', ${values[map]}),
      CAST(mapKeys(${map}), 'Array(String)'), mapValues(${map}))`,
  );
  return `if(${maps.map((map) => `empty(${map})`).join(' AND ')}, '',
    concat('{', arrayStringConcat(arrayConcat(${entries.join(', ')}), ','), '}'))`;
}
