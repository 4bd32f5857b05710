/**
 * Attributes of a metric's point that have no column of their own lie in one text, `labels`: an object in JSON, or nothing. A series'
 * points all have the same, so the store keeps each text once (LowCardinality), and what is asked of it is worked out once for each
 * text rather than for each point. Quotes within a name are escaped as \u0022, so that a name is found by its text alone.
 */
export const labelsColumn = ['labels', 'LowCardinality(String) CODEC(ZSTD(3))'] as const;

/** A name as it stands between quotes in `labels`. */
export const labelName = (name: string): string => JSON.stringify(name).slice(1, -1).replaceAll('\\"', '\\u0022');

/** SQL of a value as it stands in `labels`; an empty text where there is none. `name` is SQL of a {@link labelName}. */
const written = (name: string): string => `simpleJSONExtractRaw(labels, ${name})`;

/** SQL of a label, NULL where there is none of that type. `name` is SQL of a {@link labelName}. */
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
  const values = { strings: 'toJSONString(value)', numbers: 'toString(value)', booleans: "if(value, 'true', 'false')" };
  // The engine escapes slashes too, which a name is not sought with.
  const inside = 'substring(toJSONString(name), 2, length(toJSONString(name)) - 2)';
  const name = String.raw`replaceAll(replaceAll(${inside}, '\\/', '/'), '\\"', '\\u0022')`;
  const entries = maps.map(
    (map) => `arrayMap((name, value) -> concat('"', ${name}, '":', ${values[map]}),
      CAST(mapKeys(${map}), 'Array(String)'), mapValues(${map}))`,
  );
  return `if(${maps.map((map) => `empty(${map})`).join(' AND ')}, '',
    concat('{', arrayStringConcat(arrayConcat(${entries.join(', ')}), ','), '}'))`;
}
