import {
  child,
  type Dict,
  describe,
  type Entry,
  isNull,
  type Library,
  type Node,
  scalar,
  type UnknownType,
} from './node.ts';
import type { Problems } from './problems.ts';

type ParameterType = Exclude<UnknownType, 'any'>;

export interface Parameter {
  name: string;
  type: ParameterType;
  /** Choices of an `enum`. */
  choices: string[];
  default: Node | undefined;
  at: Entry['keyAt'];
}

const allTypes: ParameterType[] = ['string', 'boolean', 'integer', 'enum', 'executor', 'steps', 'env_var_name'];
const pipelineTypes: ParameterType[] = ['string', 'boolean', 'integer', 'enum'];
const reservedForJobs = ['name', 'requires', 'context', 'type', 'filters', 'matrix'];
const knownKeys = ['type', 'default', 'description', 'enum'];

export type Owner = 'pipeline' | 'job' | 'command' | 'executor';

/** Reads a `parameters` map: types, choices, and defaults that fit. `replace` fills templates of a default. */
export function declareParameters(
  node: Node | undefined,
  owner: Owner,
  problems: Problems,
  replace: (value: Node) => Node = (value) => value,
): Map<string, Parameter> {
  const declared = new Map<string, Parameter>();
  if (isNull(node)) return declared;
  if (node?.kind !== 'map') {
    problems.error(node?.at, '"parameters" must be a map of names');
    return declared;
  }
  for (const [name, entry] of node.entries) {
    const parameter = declare(name, entry, owner, problems, replace);
    if (parameter) declared.set(name, parameter);
  }
  return declared;
}

function declare(
  name: string,
  entry: Entry,
  owner: Owner,
  problems: Problems,
  replace: (value: Node) => Node,
): Parameter | undefined {
  if (!/^[A-Za-z][\w-]*$/.test(name)) {
    problems.error(
      entry.keyAt,
      `"${name}" is not a parameter name`,
      'Start with a letter; letters, digits, "_" and "-" follow.',
    );
    return undefined;
  }
  if (owner === 'job' && reservedForJobs.includes(name)) {
    problems.error(entry.keyAt, `A job's parameter cannot be called "${name}"; that is a key of every invocation`);
  }
  if (entry.value.kind !== 'map') {
    problems.error(entry.value.at, `Parameter "${name}" must be a map with a "type"`);
    return undefined;
  }
  for (const [key, { keyAt }] of entry.value.entries) {
    if (!knownKeys.includes(key)) problems.error(keyAt, `A parameter has no key "${key}"`);
  }
  const type = child(entry.value, 'type');
  const allowed = owner === 'pipeline' ? pipelineTypes : allTypes;
  const typeName = type?.kind === 'scalar' ? String(type.value) : '';
  if (!allowed.includes(typeName as ParameterType)) {
    problems.error(
      type?.at ?? entry.keyAt,
      isNull(type) ? `Parameter "${name}" has no type` : `"${typeName}" is not a type of a ${owner} parameter`,
      `One of: ${allowed.join(', ')}.`,
    );
    return undefined;
  }
  const fallback = child(entry.value, 'default');
  const parameter: Parameter = {
    name,
    type: typeName as ParameterType,
    choices: choicesOf(entry.value, name, typeName, problems),
    default: fallback && replace(fallback),
    at: entry.keyAt,
  };
  const wrong = parameter.default && misfit(parameter, parameter.default);
  if (wrong) problems.error(parameter.default?.at, `The default of "${name}" ${wrong}`);
  return parameter;
}

function choicesOf(node: Dict, name: string, type: string, problems: Problems): string[] {
  const choices = child(node, 'enum');
  if (type !== 'enum') {
    if (choices) problems.warning(choices.at, `Only a parameter of type enum has "enum"; "${name}" is of type ${type}`);
    return [];
  }
  if (choices?.kind !== 'list' || choices.items.length === 0) {
    problems.error(choices?.at ?? node.at, `Parameter "${name}" is an enum and needs "enum" with at least one value`);
    return [];
  }
  return choices.items.map((item) => (item.kind === 'scalar' ? (item.plain ?? String(item.value)) : ''));
}

/** Why a value cannot be given for a parameter, or undefined when it fits. Values not known yet fit when types agree. */
function misfit(parameter: Parameter, value: Node): string | undefined {
  if (value.kind === 'scalar' && value.unknown) {
    return fitsUnknown(parameter.type, value.unknown)
      ? undefined
      : `must be ${article(parameter.type)}, not ${article(value.unknown)}`;
  }
  const must = `must be ${article(parameter.type)}, not ${describe(value)}`;
  switch (parameter.type) {
    case 'string':
      return value.kind === 'scalar' && (typeof value.value === 'string' || value.value === null || value.builtin)
        ? undefined
        : must;
    case 'boolean':
      return toBoolean(value) === undefined ? must : undefined;
    case 'integer':
      return value.kind === 'scalar' && Number.isInteger(value.value) ? undefined : must;
    case 'enum': {
      if (value.kind !== 'scalar') return must;
      const text = value.plain ?? String(value.value);
      if (
        parameter.choices.length === 0 ||
        parameter.choices.includes(text) ||
        parameter.choices.includes(String(value.value))
      ) {
        return undefined;
      }
      return `must be one of ${parameter.choices.join(', ')}, not ${describe(value)}`;
    }
    case 'executor':
      if (value.kind === 'scalar') return typeof value.value === 'string' ? undefined : must;
      return value.kind === 'map' && value.entries.has('name') ? undefined : must;
    case 'steps':
      return value.kind === 'list' || (value.kind === 'scalar' && value.value === null) ? undefined : must;
    case 'env_var_name':
      return value.kind === 'scalar' && typeof value.value === 'string' && /^[A-Za-z_]\w*$/.test(value.value)
        ? undefined
        : `must be the name of an environment variable, not ${describe(value)}`;
  }
}

function fitsUnknown(wanted: ParameterType, given: UnknownType): boolean {
  if (given === 'any' || given === wanted) return true;
  const texts: UnknownType[] = ['string', 'enum', 'env_var_name', 'executor'];
  return texts.includes(wanted) && texts.includes(given);
}

function article(type: UnknownType): string {
  if (type === 'any') return 'any value';
  if (type === 'steps') return 'a list of steps';
  if (type === 'env_var_name') return 'the name of an environment variable';
  return `${/^[aei]/.test(type) ? 'an' : 'a'} ${type}`;
}

/** The value in its parameter's own type: booleans written `yes` become true, numbers for an enum become its text. */
function normal(parameter: Parameter, value: Node, home: Library): Node {
  if (parameter.type === 'executor' || (parameter.type === 'steps' && value.kind === 'list')) {
    return { ...value, home: value.home ?? home };
  }
  if (value.kind !== 'scalar' || value.unknown) return value;
  if (parameter.type === 'boolean') return { ...scalar(toBoolean(value) ?? false, value.at) };
  if (parameter.type === 'enum') return scalar(value.plain ?? String(value.value), value.at);
  if (parameter.type === 'string' && value.value === null) return scalar('', value.at);
  if (parameter.type === 'string' && typeof value.value === 'number') return scalar(String(value.value), value.at);
  if (parameter.type === 'steps' && value.value === null) return { kind: 'list', items: [], at: value.at };
  return value;
}

/** A boolean; undefined for anything else. */
export function toBoolean(node: Node): boolean | undefined {
  if (node.kind !== 'scalar') return undefined;
  return typeof node.value === 'boolean' ? node.value : undefined;
}

/**
 * Arguments of one call by parameter, defaults filled in; what is missing, left over or of the wrong type is reported.
 * Steps and executors remember where they were written: names in arguments mean what they mean to the caller (`from`).
 */
export function bindParameters(
  declared: Map<string, Parameter>,
  given: Map<string, Entry>,
  call: { what: string; at: Entry['keyAt']; problems: Problems; from: Library; to: Library },
): Map<string, Node> {
  const bound = new Map<string, Node>();
  for (const [name, entry] of given) {
    const parameter = declared.get(name);
    if (!parameter) {
      const names = [...declared.keys()];
      call.problems.error(
        entry.keyAt,
        `${call.what} has no parameter "${name}"`,
        names.length > 0 ? `It has: ${names.join(', ')}.` : 'It has no parameters.',
      );
      continue;
    }
    const wrong = misfit(parameter, entry.value);
    if (wrong)
      call.problems.error(entry.keyAt, `Parameter "${name}" of ${call.what.replace(/^The /, 'the ')} ${wrong}`);
    else bound.set(name, normal(parameter, entry.value, call.from));
  }
  for (const parameter of declared.values()) {
    if (bound.has(parameter.name)) continue;
    if (parameter.default !== undefined) bound.set(parameter.name, normal(parameter, parameter.default, call.to));
    else {
      if (!given.has(parameter.name)) {
        call.problems.error(call.at, `${call.what} needs the parameter "${parameter.name}"`);
      }
      bound.set(parameter.name, unknownOf(parameter));
    }
  }
  return bound;
}

/**
 * Each parameter as a value of its type that is not known yet, for checking an element that nobody calls. An executor is taken from
 * its default, so that a default that does not exist is found.
 */
export function unknownParameters(declared: Map<string, Parameter>): Map<string, Node> {
  return new Map(
    [...declared.values()].map((parameter) => [
      parameter.name,
      parameter.type === 'executor' && parameter.default ? parameter.default : unknownOf(parameter),
    ]),
  );
}

function unknownOf(parameter: Parameter): Node {
  return { ...scalar(null, parameter.at), unknown: parameter.type };
}
