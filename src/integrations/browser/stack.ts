import { limits } from './limits.ts';

export interface StackFrame {
  function: string;
  filename: string;
  abs_path: string;
  lineno: number;
  colno: number;
  in_app: boolean;
}

/** `at f (https://x/a.js:1:2)` of Chromium, and `f@https://x/a.js:1:2` of Firefox and Safari. */
const chromium =
  /^\s*at (?:(?:async )?(.{1,200}?) \()?((?:https?|file|blob|webpack):[^\s()]{1,1000}):(\d{1,9}):(\d{1,9})\)?$/;
const others = /^(.{0,200}?)@((?:https?|file|blob|webpack):[^\s@]{1,1000}):(\d{1,9}):(\d{1,9})$/;

/** The frames of a stack as a browser writes it, the innermost first; lines that are none are left out. Pure. */
export function framesOf(stack: string): StackFrame[] {
  const frames: StackFrame[] = [];
  for (const line of stack.split('\n').slice(0, 200)) {
    const found = chromium.exec(line) ?? others.exec(line);
    if (!found || frames.length >= limits.stackFrames) continue;
    const [, name, url, lineno, colno] = found;
    // What stands behind `?` may be about a person.
    const file = url!.replace(/[?#].*$/, '');
    frames.push({
      function: name || '<anonymous>',
      filename: file.replace(/^[a-z]+:\/\/[^/]*/, '') || file,
      abs_path: file,
      lineno: Number(lineno),
      colno: Number(colno),
      in_app: !/\/node_modules\/|^(?:chrome|moz|safari)-extension:/.test(file),
    });
  }
  return frames;
}
