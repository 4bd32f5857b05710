/** What a cache key may ask for, gathered by the engine in the job's own place. */
export interface CacheKeyFacts {
  /** `.Branch`; empty on a tag. */
  branch: string;
  /** `.BuildNum`: number of the job. */
  buildNumber: number;
  /** `.Revision`: the commit. */
  revision: string;
  /** `.CheckoutKey`: the public SSH key the checkout used; empty when it used none. */
  checkoutKey: string;
  /** `.Environment.NAME`: exported variables of the job. A name that is absent renders as nothing, as in CircleCI. */
  environment: Record<string, string>;
  /** Base64 of the SHA-256 of each file named by {@link cacheKeyFiles}; a file that is missing is absent here. */
  checksums: Record<string, string>;
  /** `epoch`: Unix seconds. */
  epoch: number;
  /** `arch`: operating system, processor family and model, for example `linux-amd64-6_85`. */
  arch: string;
}

export type RenderedCacheKey = { ok: true; key: string } | { ok: false; problem: string };

/** Longest key kept, in characters; CircleCI refuses longer ones too. */
const longestKey = 900;

const action = /\{\{(-?)\s*(.*?)\s*(-?)\}\}/gs;
const checksumCall = /^checksum\s+(?:"((?:[^"\\]|\\.)*)"|`([^`]*)`)$/s;
const environmentCall = /^\.Environment\.([A-Za-z_][A-Za-z0-9_]*)$/;

/** Paths of the files whose checksum a key template asks for, each once, relative to the job's working directory. */
export function cacheKeyFiles(template: string): string[] {
  const files = [...template.matchAll(action)].map((match) => checksumFile(match[2]!));
  return [...new Set(files.filter((file) => file !== undefined))];
}

/** What a key template asks for: the words between each pair of braces, each once; comments left out. */
export function cacheKeyActions(template: string): string[] {
  return [...new Set([...template.matchAll(action)].map((match) => match[2]!))].filter((one) => !one.startsWith('/*'));
}

/**
 * The key a CircleCI cache template stands for: `v1-{{ .Branch }}-{{ checksum "package-lock.json" }}`.
 * The language is the part of Go's templates that CircleCI documents; trim marks (`{{-`) and comments are understood.
 * Pure; what it cannot render comes back as a sentence.
 */
export function renderCacheKey(template: string, facts: CacheKeyFacts): RenderedCacheKey {
  let key = '';
  let position = 0;
  let trimNext = false;
  for (const match of template.matchAll(action)) {
    let text = template.slice(position, match.index);
    if (trimNext) text = text.trimStart();
    if (match[1]) text = text.trimEnd();
    const value = renderAction(match[2]!, facts);
    if (!value.ok) return value;
    key += text + value.key;
    position = match.index + match[0].length;
    trimNext = match[3] === '-';
  }
  const rest = template.slice(position);
  key += trimNext ? rest.trimStart() : rest;
  if (key.includes('{{')) return { ok: false, problem: `The cache key "${template}" has a "{{" that is not closed` };
  if (key.length > longestKey) {
    return { ok: false, problem: `The cache key is ${key.length} characters long; ${longestKey} are allowed` };
  }
  return { ok: true, key };
}

function renderAction(source: string, facts: CacheKeyFacts): RenderedCacheKey {
  if (source.startsWith('/*') && source.endsWith('*/')) return { ok: true, key: '' };
  const file = checksumFile(source);
  if (file !== undefined) {
    const checksum = Object.hasOwn(facts.checksums, file) ? facts.checksums[file] : undefined;
    return checksum === undefined
      ? { ok: false, problem: `The cache key asks for the checksum of "${file}", and there is no such file` }
      : { ok: true, key: checksum };
  }
  const variable = environmentCall.exec(source)?.[1];
  if (variable !== undefined) {
    return { ok: true, key: Object.hasOwn(facts.environment, variable) ? facts.environment[variable]! : '' };
  }
  switch (source) {
    case '.Branch':
      return { ok: true, key: facts.branch };
    case '.BuildNum':
      return { ok: true, key: String(facts.buildNumber) };
    case '.Revision':
      return { ok: true, key: facts.revision };
    case '.CheckoutKey':
      return { ok: true, key: facts.checkoutKey };
    case 'epoch':
      return { ok: true, key: String(facts.epoch) };
    case 'arch':
      return { ok: true, key: facts.arch };
    default:
      return { ok: false, problem: `The cache key has "{{ ${source} }}", which is not something a key can ask for` };
  }
}

function checksumFile(source: string): string | undefined {
  const match = checksumCall.exec(source);
  if (!match) return undefined;
  return match[2] ?? match[1]?.replace(/\\(.)/gs, '$1');
}
