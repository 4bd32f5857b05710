import { exceptionMatcher, frameMatcher } from './match.ts';
import type { Action, ExceptionField, ExceptionMatcher, FrameField, FrameMatcher, StackRule } from './rule.ts';

/** A line of rules that could not be read. */
export interface RuleProblem {
  line: number;
  message: string;
}

const frameFields: Record<string, FrameField> = {
  function: 'function',
  'stack.function': 'function',
  module: 'module',
  'stack.module': 'module',
  package: 'package',
  'stack.package': 'package',
  path: 'path',
  'stack.abs_path': 'path',
  category: 'category',
  family: 'family',
  app: 'app',
};
const exceptionFields: Record<string, ExceptionField> = {
  type: 'type',
  'error.type': 'type',
  value: 'value',
  'error.value': 'value',
  mechanism: 'mechanism',
  'error.mechanism': 'mechanism',
};

/** Rules of one project, at most; each costs time for every event. */
export const mostRules = 1000;

/**
 * Reads stack trace rules: one a line, conditions then actions, `#` for remarks.
 * `family:javascript path:**\/generated/** -app`, `[ function:run ] | module:app.* +group`, `error.type:Timeout max-frames=3`.
 */
export function parseStackRules(text: string): { rules: StackRule[]; problems: RuleProblem[] } {
  const rules: StackRule[] = [];
  const problems: RuleProblem[] = [];
  text.split(/\r?\n/).forEach((line, index) => {
    if (line.trim() === '' || line.trimStart().startsWith('#')) return;
    if (rules.length >= mostRules) {
      if (problems.length === 0) problems.push({ line: index + 1, message: `there are more than ${mostRules} rules` });
      return;
    }
    const rule = readRule(line);
    if (typeof rule === 'string') problems.push({ line: index + 1, message: rule });
    else rules.push(rule);
  });
  return { rules, problems };
}

/** A word: up to a space, parts in double quotes taken as they are. Quotes may stand after `key:`. */
const word = /(?:"(?:[^"\\]|\\.)*"|[^\s"#]|(?<=\S)#)+/y;

/** The words of a line, remarks left out; or what is wrong. */
export function wordsOf(line: string): string[] | string {
  const words: string[] = [];
  let at = 0;
  while (at < line.length) {
    if (/\s/.test(line[at]!)) {
      at += 1;
      continue;
    }
    if (line[at] === '#') break;
    word.lastIndex = at;
    const found = word.exec(line);
    if (!found) return 'a quote is not closed';
    words.push(found[0]);
    at += found[0].length;
  }
  return words;
}

/** The value of a word: without its quotes, doubled backslashes made one. */
export const plainWord = (text: string): string =>
  (text.length >= 2 && text.startsWith('"') && text.endsWith('"') ? text.slice(1, -1) : text).replaceAll('\\\\', '\\');

/** `[category:ui]` is written without spaces too. A bracket inside of a pattern is part of it. */
function bracketsApart(one: string): string[] {
  const parts: string[] = [];
  let body = one;
  if (body.length > 1 && body.startsWith('[')) {
    parts.push('[');
    body = body.slice(1);
  }
  const closes = body.length > 1 && body.endsWith(']') && !body.slice(0, -1).includes('[');
  parts.push(closes ? body.slice(0, -1) : body);
  if (closes) parts.push(']');
  return parts;
}

function readRule(line: string): StackRule | string {
  const written = wordsOf(line);
  if (typeof written === 'string') return written;
  const words = written.flatMap(bracketsApart);
  const frames: FrameMatcher[] = [];
  const exceptions: ExceptionMatcher[] = [];
  const actions: Action[] = [];
  let place: FrameMatcher['on'] = 'frame';
  for (let index = 0; index < words.length; index += 1) {
    const one = words[index]!;
    if (one === '|') continue;
    if (one === '[') {
      place = frames.length > 0 || words[index - 1] === '|' ? 'callee' : 'caller';
      continue;
    }
    if (one === ']') {
      place = 'frame';
      continue;
    }
    const action = readAction(one);
    if (action !== undefined) {
      if (typeof action === 'string') return action;
      actions.push(action);
      continue;
    }
    if (actions.length > 0) return `\`${one}\` stands after an action`;
    const matcher = readMatcher(one, place);
    if (typeof matcher === 'string') return matcher;
    if ('on' in matcher) frames.push(matcher);
    else exceptions.push(matcher);
  }
  if (place !== 'frame') return 'a bracket is not closed';
  if (actions.length === 0) return 'the rule does nothing: an action such as -app is missing';
  if (frames.length + exceptions.length === 0) return 'the rule says nothing about where it applies';
  return { frames, exceptions, actions, text: words.join(' ') };
}

function readMatcher(written: string, on: FrameMatcher['on']): FrameMatcher | ExceptionMatcher | string {
  const negated = written.startsWith('!');
  const body = negated ? written.slice(1) : written;
  const colon = body.indexOf(':');
  if (colon <= 0) return `\`${written}\` is neither a condition nor an action`;
  const key = body.slice(0, colon);
  const pattern = plainWord(body.slice(colon + 1));
  const field = frameFields[key];
  const made = field
    ? frameMatcher(field, [pattern], { negated, on })
    : exceptionFields[key] && exceptionMatcher(exceptionFields[key], pattern, negated);
  if (!field && !exceptionFields[key]) return `there is no condition named ${key}`;
  return made ?? `\`${pattern}\` is no pattern`;
}

const flagAction = /^([\^v]?)([+-])(app|group)$/;
const variableAction = /^([a-z-]+)=(.*)$/;

function readAction(written: string): Action | string | undefined {
  const flag = flagAction.exec(written);
  if (flag) {
    const range = flag[1] === '^' ? 'inner' : flag[1] === 'v' ? 'outer' : 'frame';
    return { kind: 'flag', flag: flag[3] as 'app' | 'group', value: flag[2] === '+', range };
  }
  const variable = variableAction.exec(written);
  if (!variable || written.includes(':')) return undefined;
  const [, name, value = ''] = variable;
  if (name === 'category') return { kind: 'category', value };
  if (name === 'max-frames' || name === 'min-frames') {
    return /^\d{1,4}$/.test(value) ? { kind: name, value: Number(value) } : `${name} wants a number`;
  }
  if (name === 'invert-stacktrace') return { kind: name, value: value === '1' || value === 'yes' || value === 'true' };
  return `there is no action named ${name}`;
}
