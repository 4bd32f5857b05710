import { filtered, isSecretName, scrubText, scrubValue } from '../kernel/scrub.ts';
import {
  booleanOf,
  displayOf,
  type JsonObject,
  listOf,
  numberOf,
  objectOf,
  pairsOf,
  positionOf,
  textOf,
  valuesOf,
} from './lenient.ts';
import { isLibrary } from './library-code.ts';
import { eventLimits as limits } from './limits.ts';
import type { ReportedException, ReportedFrame } from './report.ts';
import type { StackMemory } from './stack-memory.ts';

type Note = (text: string) => void;

/** What of a frame is wanted only where the event is kept. */
type Surroundings = Pick<ReportedFrame, 'before' | 'after' | 'variables'>;

const readSurroundings = (frame: JsonObject): Surroundings => ({
  before: listOf(frame.pre_context).slice(-limits.sourceLinesAround).map(sourceText),
  after: listOf(frame.post_context).slice(0, limits.sourceLinesAround).map(sourceText),
  variables: readVariables(frame.vars),
});

function readFrame(frame: JsonObject, eventPlatform: string, surroundings: Surroundings): ReportedFrame {
  const data = objectOf(frame.data);
  const module = textOf(frame.module, limits.name);
  const file = textOf(frame.filename, limits.path);
  const path = textOf(frame.abs_path, limits.path);
  const platform = textOf(frame.platform, 64);
  const library = isLibrary(path ?? file, module, platform ?? eventPlatform);
  return {
    function: textOf(frame.function, limits.name),
    module,
    file,
    path,
    package: textOf(frame.package, limits.path),
    line: positionOf(frame.lineno),
    column: positionOf(frame.colno),
    inApp: library ? false : booleanOf(frame.in_app),
    library,
    platform,
    // An empty source line is a fact, unlike an absent one, so it is kept.
    sourceLine: typeof frame.context_line === 'string' ? sourceText(frame.context_line) : null,
    ...surroundings,
    mapped: data?.sourcemap !== undefined && data.sourcemap !== null,
  };
}

const sourceText = (line: unknown): string => textOf(line, limits.sourceLine) ?? '';

function readVariables(value: unknown): [string, string][] {
  const pairs =
    Array.isArray(value) && !Array.isArray(value[0]) ? Object.entries(value) : pairsOf(value, limits.variables);
  const variables: [string, string][] = [];
  for (const [name, item] of pairs.slice(0, limits.variables)) {
    variables.push([
      textOf(name, limits.name) ?? '',
      isSecretName(name)
        ? filtered
        : scrubText(displayOf(typeof item === 'object' ? scrubValue(item) : item, limits.variable)),
    ]);
  }
  return variables;
}

const bare: Surroundings = { before: [], after: [], variables: [] };

/**
 * Frames of a stack, outermost first; null when there is no stack or it is empty. With a memory only what tells frames apart is read,
 * and frames met before are given out again.
 */
export function readFrames(value: unknown, platform: string, note: Note, memory?: StackMemory): ReportedFrame[] | null {
  const stack = objectOf(value);
  const all = stack ? listOf(stack.frames) : [];
  if (all.length === 0) return null;
  let kept = all;
  if (all.length > limits.frames) {
    const half = limits.frames / 2;
    kept = [...all.slice(0, half), ...all.slice(-half)];
    note(`stack: ${all.length - limits.frames} frames cut from the middle`);
  }
  const objects = kept.map(objectOf).filter((frame) => frame !== null);
  if (objects.length === 0) return null;
  if (!memory) return objects.map((frame) => readFrame(frame, platform, readSurroundings(frame)));
  return memory.stack(objects.map((frame) => memory.frame(frame, platform, () => readFrame(frame, platform, bare))));
}

/** Exceptions in the protocol's order, the error itself last. */
export function readExceptions(
  value: unknown,
  platform: string,
  note: Note,
  memory?: StackMemory,
): ReportedException[] {
  const all = valuesOf(value).filter((item) => objectOf(item) !== null);
  // The last is the one people see: when there are too many, those farthest from it go.
  if (all.length > limits.exceptions) note(`exception: ${all.length - limits.exceptions} causes left out`);
  const exceptions: ReportedException[] = [];
  for (const item of all.slice(-limits.exceptions)) {
    const exception = objectOf(item)!;
    const mechanism = objectOf(exception.mechanism);
    const type = textOf(exception.type, limits.name);
    const text =
      typeof exception.value === 'object' && exception.value !== null
        ? displayOf(scrubValue(exception.value), limits.exceptionValue)
        : textOf(exception.value, limits.exceptionValue);
    const frames = readFrames(exception.stacktrace, platform, note, memory);
    if (type === null && text === null && frames === null) continue;
    exceptions.push({
      type,
      value: text === null ? null : scrubText(text),
      module: textOf(exception.module, limits.name),
      frames,
      mechanism: mechanism && {
        type: textOf(mechanism.type, 128),
        handled: booleanOf(mechanism.handled),
        synthetic: booleanOf(mechanism.synthetic) === true,
        id: numberOf(mechanism.exception_id),
        parentId: numberOf(mechanism.parent_id),
        isGroup: booleanOf(mechanism.is_exception_group) === true,
        source: textOf(mechanism.source, limits.name),
      },
    });
  }
  return exceptions;
}

/** The stack of the thread that crashed, else of the current one, else of the only one. */
export function readThreadFrames(
  value: unknown,
  platform: string,
  note: Note,
  memory?: StackMemory,
): ReportedFrame[] | null {
  const threads = valuesOf(value)
    .map(objectOf)
    .filter((thread) => thread !== null);
  const chosen =
    threads.find((thread) => thread.crashed === true) ??
    threads.find((thread) => thread.current === true) ??
    (threads.length === 1 ? threads[0] : undefined);
  return chosen ? readFrames(chosen.stacktrace, platform, note, memory) : null;
}
