/** What of a Dockerfile can be honoured without building an image. */
export interface DockerfileFacts {
  environment: Record<string, string>;
  /** Absolute; `/` when there is no WORKDIR. */
  workingDirectory: string;
  entrypoint: string[];
  command: string[];
  /** Directory of the build context that is copied to the working directory; `.` when the whole context is, or none. */
  source: string;
  /** RUN lines, which are not executed. */
  skipped: string[];
}

interface Stage extends DockerfileFacts {
  name: string;
}

const fresh = (name: string): Stage => ({
  name,
  environment: {},
  workingDirectory: '/',
  entrypoint: [],
  command: [],
  source: '.',
  skipped: [],
});

/**
 * Reads the final stage of a Dockerfile (or `target`), with what it inherits from earlier stages of the same file.
 * Pure; what is not understood is passed over. Size is bounded by the caller.
 */
export function readDockerfile(text: string, args: Record<string, string> = {}, target?: string): DockerfileFacts {
  const stages: Stage[] = [];
  const variables: Record<string, string> = {};
  let current = fresh('');
  for (const { keyword, rest } of instructions(text)) {
    const expand = (value: string): string => substitute(value, { ...variables, ...current.environment });
    if (keyword === 'FROM') {
      const parts = rest.split(/\s+/).filter((part) => !part.startsWith('--'));
      const base = stages.find((stage) => stage.name.toLowerCase() === expand(parts[0] ?? '').toLowerCase());
      const name = parts[1]?.toUpperCase() === 'AS' ? (parts[2] ?? '') : '';
      current = base ? { ...structuredClone(base), name } : fresh(name);
      stages.push(current);
    } else if (keyword === 'ARG') {
      for (const [key, value] of assignments(rest)) variables[key] = args[key] ?? expand(value);
    } else if (keyword === 'ENV') {
      for (const [key, value] of assignments(rest)) current.environment[key] = expand(value);
    } else if (keyword === 'WORKDIR') {
      const path = expand(unquote(rest));
      current.workingDirectory = absolute(current.workingDirectory, path);
      current.source = '.';
    } else if (keyword === 'ENTRYPOINT') {
      current.entrypoint = commandOf(rest);
      current.command = [];
    } else if (keyword === 'CMD') {
      current.command = commandOf(rest);
    } else if (keyword === 'COPY' || keyword === 'ADD') {
      const source = copiedToWorkingDirectory(rest, current.workingDirectory);
      if (source !== undefined) current.source = source;
    } else if (keyword === 'RUN') {
      current.skipped.push(rest);
    }
  }
  const wanted = target === undefined ? undefined : stages.find((stage) => stage.name === target);
  const { name: _name, ...facts } = wanted ?? current;
  return facts;
}

/** Instructions with continuation lines joined and comments dropped; here-documents are cut off. */
function* instructions(text: string): Generator<{ keyword: string; rest: string }> {
  let pending = '';
  let here: string | undefined;
  for (const raw of text.split(/\r?\n/)) {
    if (here !== undefined) {
      if (raw.trim() === here) here = undefined;
      continue;
    }
    if (/^\s*#/.test(raw) || (pending === '' && raw.trim() === '')) continue;
    const line = pending + raw.trim();
    if (line.endsWith('\\')) {
      pending = `${line.slice(0, -1)} `;
      continue;
    }
    pending = '';
    here = /<<-?["']?([A-Za-z_]\w*)["']?/.exec(line)?.[1];
    const match = /^([A-Za-z]+)\s+(.*)$/.exec(line);
    if (match) yield { keyword: match[1]!.toUpperCase(), rest: match[2]! };
  }
}

/** `A=1 B="two words"`, or the old form `A two words`. */
function assignments(rest: string): [string, string][] {
  if (!/^[A-Za-z_]\w*=/.test(rest)) {
    const [name = '', ...value] = rest.split(/\s+/);
    return [[name, value.join(' ')]];
  }
  const found: [string, string][] = [];
  for (const match of rest.matchAll(/([A-Za-z_]\w*)=("(?:\\.|[^"\\])*"|'[^']*'|(?:\\.|[^\s\\])*)/g)) {
    found.push([match[1]!, unquote(match[2]!)]);
  }
  return found;
}

function unquote(text: string): string {
  if (text.startsWith('"') && text.endsWith('"') && text.length > 1)
    return text.slice(1, -1).replace(/\\(["\\$])/g, '$1');
  if (text.startsWith("'") && text.endsWith("'") && text.length > 1) return text.slice(1, -1);
  return text;
}

/** `$NAME`, `${NAME}`, `${NAME:-default}`. `PATH` is left for the machine's own. */
function substitute(value: string, variables: Record<string, string>): string {
  return value.replace(
    /\$(?:\{(\w+)(?::-([^}]*))?\}|(\w+))/g,
    (whole, braced?: string, otherwise?: string, bare?: string) => {
      const name = braced ?? bare ?? '';
      if (name === 'PATH' && variables.PATH === undefined) return whole;
      return variables[name] || (otherwise ?? '');
    },
  );
}

/** The exec form as it is, the shell form through a shell, as the image would. */
function commandOf(rest: string): string[] {
  if (rest.startsWith('[')) {
    try {
      const parsed: unknown = JSON.parse(rest);
      if (Array.isArray(parsed) && parsed.every((part) => typeof part === 'string')) return parsed;
    } catch {
      // Not JSON: Docker takes it as the shell form too.
    }
  }
  return rest.trim() === '' ? [] : ['/bin/sh', '-c', rest];
}

function absolute(base: string, path: string): string {
  const joined = path.startsWith('/') ? path : `${base}/${path}`;
  const parts: string[] = [];
  for (const part of joined.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return `/${parts.join('/')}`;
}

/** The directory of the context that this COPY lays over the working directory, if it does. */
function copiedToWorkingDirectory(rest: string, workingDirectory: string): string | undefined {
  if (/--from=/.test(rest)) return undefined;
  const words = rest.startsWith('[') ? [...rest.matchAll(/"([^"]*)"/g)].map((match) => match[1]!) : rest.split(/\s+/);
  const parts = words.filter((part) => part !== '' && !part.startsWith('--'));
  if (parts.length !== 2) return undefined;
  const [source, target] = parts as [string, string];
  if (absolute(workingDirectory, target) !== workingDirectory) return undefined;
  const trimmed = source.replace(/^\.\//, '').replace(/\/+$/, '');
  if (trimmed === '' || trimmed === '.') return '.';
  // A single file (`package.json`) does not move the root; a directory is told by its slash or its lack of an extension.
  return source.endsWith('/') || !/\.[A-Za-z0-9]+$/.test(trimmed) ? trimmed : undefined;
}
