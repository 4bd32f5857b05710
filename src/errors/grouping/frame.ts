import type { ReportedFrame } from '../report.ts';
import type { GroupingAlgorithm, GroupingContext } from './algorithm.ts';
import { type Component, component, silenced } from './component.ts';

/** Platforms whose source lines say more than line numbers do. */
const sourceLinePlatforms = new Set(['javascript', 'node', 'python', 'php', 'ruby']);
const longestSourceLine = 120;
const uneven = /\s\s|[^\S ]/;

export const isJavaScript = (platform: string): boolean => platform === 'javascript' || platform === 'node';

const url =
  /^(?:https?|blob|file|app|webpack|webpack-internal|capacitor|ionic|chrome-extension|moz-extension|safari-extension|data):/i;
const pageUrl = /^(?:https?|blob|file|data):/i;

/** Whether a frame points at an address rather than at a file. */
export function pointsAtUrl(frame: ReportedFrame): boolean {
  return url.test(frame.path ?? frame.file ?? '');
}

/** The part of the hash that one frame gives: module, else file; function; source line. */
export function frameComponent(frame: ReportedFrame, context: GroupingContext): Component {
  const platform = frame.platform ?? context.platform;
  const module = moduleComponent(frame, platform);
  let file = fileComponent(frame);
  if (module?.contributes && file?.contributes) file = silenced(file, 'module takes precedence');
  const line = sourceLineComponent(frame, platform);
  const name = functionComponent(frame, platform, line?.contributes === true, context.algorithm);
  return component(
    'frame',
    [module, file, name, line].filter((part) => part !== null),
  );
}

/** Classes and accessors that a Java runtime makes up carry a number or hash that differs from start to start. */
const generatedMarks: [RegExp, string][] = [
  [/\$\$[^$]*(?:CGLIB|Enhancer|FastClass|ByGuice)[^$]*\$\$[0-9a-fA-F]*(?:\$\$[0-9a-fA-F]+)?/g, ''],
  [/_\$\$_(?:javassist|jvst)(?:_[\w]*)?/g, ''],
  [/(Generated(?:Constructor|Method|SerializationConstructor)Accessor)\d+/g, '$1'],
  [/(\$Proxy)\d+/g, '$1'],
  [/__\d+(?=$|\.)/g, ''],
];

function moduleComponent(frame: ReportedFrame, platform: string): Component | null {
  if (frame.module === null) return null;
  const plain = component('module', [frame.module]);
  if (isJavaScript(platform)) {
    // Browsers' clients derive a module from the address of the page; it names the page, not the code.
    return frame.module.includes('/') && pageUrl.test(frame.path ?? '') && frame.path?.includes(frame.module)
      ? silenced(plain, 'ignored because it is the address of the page')
      : plain;
  }
  if (platform !== 'java') return plain;
  if (frame.module.includes('$$Lambda$')) return silenced(plain, 'ignored java lambda');
  let module = frame.module;
  for (const [mark, replacement] of generatedMarks) module = module.replace(mark, replacement);
  return module === frame.module ? plain : component('module', [module], 'removed generated marker');
}

function fileComponent(frame: ReportedFrame): Component | null {
  if (frame.file === null) return null;
  if (frame.file === '<anonymous>' || frame.file === '<unknown>') {
    return silenced(component('filename', [frame.file]), 'ignored because filename is anonymous');
  }
  if (frame.file === '[native code]') {
    return silenced(component('filename', [frame.file]), 'ignored because it is native code');
  }
  const name = (frame.file.split(/[/\\]/).at(-1) ?? frame.file).toLowerCase();
  if (pageUrl.test(frame.path ?? '') || pageUrl.test(frame.file)) {
    return silenced(component('filename', [name]), 'ignored because frame points to a URL');
  }
  return name === '' ? null : component('filename', [name]);
}

const unknownNames = new Set(['?', '<anonymous function>', '<anonymous>', 'Anonymous function', 'anonymous']);

/** PHP names the class of an anonymous object after the file it stands in; the name of the method is what stays. */
const anonymousMethod = /^class@anonymous.*::([^:]+)$/s;

function functionComponent(
  frame: ReportedFrame,
  platform: string,
  hasSourceLine: boolean,
  algorithm: GroupingAlgorithm,
): Component | null {
  const written = frame.function;
  if (written === null) return null;
  const plain = component('function', [written]);
  if (unknownNames.has(written)) return silenced(plain, 'ignored unknown function name');
  let result = plain;
  if (platform === 'ruby') {
    if (written.startsWith('block ')) result = component('function', ['block'], 'ruby block');
    else if (/__\d+_\d+$/.test(written)) {
      const name = written.replace(/_{1,3}\d+_\d+$/, '');
      result = component('function', [name], 'removed generated erb template suffix');
    }
  } else if (platform === 'php') {
    const method = algorithm.readsAnonymousClasses ? anonymousMethod.exec(written)?.[1] : undefined;
    if (method !== undefined) result = component('function', [method], 'method of an anonymous class');
    else if (/^(?:\[Anonymous|class@anonymous|\{closure)/.test(written)) {
      return silenced(plain, 'ignored anonymous function');
    }
  } else if (platform === 'java') {
    if (written.startsWith('lambda$')) return silenced(plain, 'ignored lambda function');
  } else if (isJavaScript(platform)) {
    const name = written.split('.').at(-1) ?? written;
    if (unknownNames.has(name)) return silenced(component('function', [name]), 'ignored unknown function name');
    if (name !== written) result = component('function', [name], 'trimmed javascript function');
  }
  if (frame.mapped && hasSourceLine) {
    return silenced(result, 'ignored because sourcemap used and context line available');
  }
  return result;
}

function sourceLineComponent(frame: ReportedFrame, platform: string): Component | null {
  if (frame.sourceLine === null || !sourceLinePlatforms.has(platform)) return null;
  const trimmed = frame.sourceLine.trim();
  const line = uneven.test(trimmed) ? trimmed.replace(/\s+/g, ' ') : trimmed;
  if (line === '') return null;
  const plain = component('context_line', [line]);
  return line.length > longestSourceLine ? silenced(plain, 'discarded because line too long') : plain;
}
