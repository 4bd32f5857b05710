import { isPlain, type Plain, Replacing, Templated } from './document.ts';

/**
 * One form for what Compose lets people write in several: lists of `K=V` and maps become maps, single values become lists,
 * names become maps of nothing. Duplicates go: the last one wins, at the place of the first.
 */
export function canonical(project: Plain): Plain {
  const result: Plain = { ...project };
  if (isPlain(project.services)) {
    result.services = mapValues(project.services, (service) =>
      isPlain(service) ? canonicalService(service) : service,
    );
  }
  for (const kind of ['networks', 'volumes', 'secrets', 'configs']) {
    const all = project[kind];
    if (!isPlain(all)) continue;
    result[kind] = mapValues(all, (each) =>
      isPlain(each) ? withForms(each, { labels: keyValues, driver_opts: keyValues }) : each,
    );
  }
  return result;
}

/** Lays an override over a base, by Compose's rules. Both are brought into canonical form first. */
export function mergeProjects(base: Plain, override: Plain): Plain {
  return mergeMaps(canonical(base), canonical(override), []);
}

/** The same for one service, as `extends` does it. */
export function mergeServices(base: Plain, override: Plain): Plain {
  return mergeMaps(canonicalService(base), canonicalService(override), ['services', '*']);
}

type Form = (value: unknown) => unknown;

export function canonicalService(service: Plain): Plain {
  const build = typeof service.build === 'string' ? { context: service.build } : service.build;
  return withForms(
    { ...service, ...(isPlain(build) ? { build: withForms(build, buildForms) } : {}) },
    {
      environment: keyValues,
      labels: keyValues,
      annotations: keyValues,
      sysctls: keyValues,
      extra_hosts: hosts,
      networks: names,
      models: names,
      depends_on: names,
      tmpfs: listed,
      dns: listed,
      dns_search: listed,
      env_file: listed,
      label_file: listed,
      volumes: uniqueBy(mountTarget),
      devices: uniqueBy(mountTarget),
      ports: uniqueBy(portKey),
      expose: uniqueBy(String),
      links: uniqueBy(linkedService),
      cap_add: uniqueBy(String),
      cap_drop: uniqueBy(String),
      deploy: (value) => (isPlain(value) ? withForms(value, { labels: keyValues }) : value),
    },
  );
}

const keyValues: Form = (value) => {
  const result: Plain = {};
  if (Array.isArray(value)) {
    for (const entry of value) {
      if (entry instanceof Templated) {
        const split = splitTemplate(entry);
        result[split.name] = split.value;
        continue;
      }
      const text = String(entry);
      const equals = text.indexOf('=');
      result[equals < 0 ? text : text.slice(0, equals)] = equals < 0 ? null : text.slice(equals + 1);
    }
    return result;
  }
  if (!isPlain(value)) return value;
  return mapValues(value, (each) => (typeof each === 'number' || typeof each === 'boolean' ? String(each) : each));
};

/** `NAME=${VALUE}` from a list, as name and value. */
function splitTemplate(entry: Templated): { name: string; value: unknown } {
  const [first, ...rest] = entry.pieces;
  if (first && 'text' in first && first.text.includes('=')) {
    const equals = first.text.indexOf('=');
    return {
      name: first.text.slice(0, equals),
      value: new Templated([{ text: first.text.slice(equals + 1) }, ...rest]),
    };
  }
  const equals = entry.text.indexOf('=');
  if (equals < 0) return { name: entry.text, value: null };
  return { name: entry.text.slice(0, equals), value: entry.text.slice(equals + 1) };
}

const hosts: Form = (value) => {
  const result: Record<string, string[]> = {};
  const add = (name: string, addresses: unknown[]): void => {
    result[name] = [...new Set([...(result[name] ?? []), ...addresses.map(String)])];
  };
  if (Array.isArray(value)) {
    for (const entry of value) {
      const match = /^([^=:]+)[=:](.*)$/.exec(String(entry));
      if (match) add(match[1]!, [match[2]!.replace(/^\[(.*)\]$/, '$1')]);
    }
    return result;
  }
  if (!isPlain(value)) return value;
  for (const [name, addresses] of Object.entries(value)) add(name, Array.isArray(addresses) ? addresses : [addresses]);
  return result;
};

const names: Form = (value) =>
  Array.isArray(value) ? Object.fromEntries(value.map((name) => [String(name), null])) : value;

const listed: Form = (value) =>
  value === null || value === undefined ? value : unique(Array.isArray(value) ? value : [value], keyOf);

const keyOf = (value: unknown): string => (typeof value === 'object' ? JSON.stringify(value) : String(value));

const uniqueBy =
  (key: (value: unknown) => string): Form =>
  (value) =>
    Array.isArray(value) ? unique(value, key) : value;

function unique(values: readonly unknown[], key: (value: unknown) => string): unknown[] {
  const kept = new Map<string, unknown>();
  for (const value of values) kept.set(key(value), value);
  return [...kept.values()];
}

/** Where a volume or device appears inside. */
export function mountTarget(value: unknown): string {
  if (isPlain(value)) return String(value.target ?? JSON.stringify(value));
  const parts = String(value).split(':');
  return (parts.length === 1 ? parts[0] : parts[1]) ?? '';
}

const linkedService = (value: unknown): string => String(value).split(/[:=]/)[0]!;

function portKey(value: unknown): string {
  if (isPlain(value)) return [value.host_ip, value.published, value.target, value.protocol ?? 'tcp'].join('|');
  const [address = '', protocol = 'tcp'] = String(value).split('/');
  const parts = address.split(':');
  const target = parts.pop();
  return [parts.slice(0, -1).join(':') || undefined, parts.at(-1), target, protocol].join('|');
}

const buildForms: Record<string, Form> = {
  args: keyValues,
  labels: keyValues,
  additional_contexts: keyValues,
  extra_hosts: hosts,
};

function withForms(map: Plain, forms: Record<string, Form>): Plain {
  const result: Plain = { ...map };
  for (const [key, form] of Object.entries(forms)) {
    const value = result[key];
    if (value instanceof Replacing) result[key] = new Replacing(form(value.value));
    else if (value !== undefined) result[key] = form(value);
  }
  return result;
}

const mapValues = (map: Plain, change: (value: unknown) => unknown): Plain =>
  Object.fromEntries(Object.entries(map).map(([key, value]) => [key, change(value)]));

/** Paths below a service whose lists replace instead of growing. */
const replaced = new Set(['command', 'entrypoint', 'healthcheck.test']);

function mergeMaps(base: Plain, override: Plain, path: string[]): Plain {
  const result: Plain = { ...base };
  for (const [key, value] of Object.entries(override)) {
    if (value instanceof Replacing) {
      if (value.value === undefined) delete result[key];
      else result[key] = value.value;
      continue;
    }
    result[key] = key in base ? mergeValues(base[key], value, [...path, key]) : withoutMarks(value);
  }
  return result;
}

/** A fresh value may still carry marks of `!reset` inside; they have nothing to act on. */
function withoutMarks(value: unknown): unknown {
  if (value instanceof Replacing) return value.value;
  if (!isPlain(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .map(([key, inner]) => [key, withoutMarks(inner)] as const)
      .filter(([, inner]) => inner !== undefined),
  );
}

function mergeValues(base: unknown, override: unknown, path: string[]): unknown {
  if (override === null && isPlain(base)) return base;
  const below = path[0] === 'services' ? path.slice(2).join('.') : '';
  if (below.startsWith('ulimits.') || replaced.has(below)) return override;
  if (isPlain(base) && isPlain(override)) {
    if (
      below === 'logging' &&
      base.driver !== undefined &&
      override.driver !== undefined &&
      base.driver !== override.driver
    ) {
      return override;
    }
    return mergeMaps(base, override, path);
  }
  if (Array.isArray(base) && Array.isArray(override)) {
    if (path.at(-1) === 'config' && path.at(-2) === 'ipam') return mergeBy(base, override, 'subnet', path);
    const keys: Record<string, (value: unknown) => string> = {
      volumes: mountTarget,
      devices: mountTarget,
      ports: portKey,
      links: linkedService,
    };
    const key = keys[below] ?? keyOf;
    return unique([...base, ...override], key);
  }
  return override;
}

/** Lists of maps that are the same by one field. */
function mergeBy(base: unknown[], override: unknown[], field: string, path: string[]): unknown[] {
  const result = [...base];
  for (const entry of override) {
    const index = result.findIndex((each) => isPlain(each) && isPlain(entry) && each[field] === entry[field]);
    if (index < 0) result.push(entry);
    else result[index] = mergeMaps(result[index] as Plain, entry as Plain, path);
  }
  return result;
}
