import { severityOfText } from './severity.ts';

/** A message of more lines or characters is cut into several. */
const mostLines = 500;
const mostCharacters = 65_536;

/** How a line begins that goes on with the one before: indented, or a cause, or what is left out of a stack. */
const goesOn = /^(?:[ \t]+\S|Caused by: |Suppressed: |\.\.\. \d+ more$)/;
const python = /(?:^|\n)Traceback \(most recent call last\):$/;
/** Between a panic of Go and the goroutines it lists stands an empty line. */
const goroutine = /^(?:goroutine \d+ \[|main\.|runtime\.|created by |exit status \d)/;

/** Lines that make one message so far. */
interface Open {
  text: string;
  lines: number;
  /** A Python traceback whose error line is still to come. */
  traceback: boolean;
  panic: boolean;
}

const begun = (line: string): Open => ({
  text: line,
  lines: 1,
  traceback: line === 'Traceback (most recent call last):' || python.test(line),
  panic: /^panic: |^fatal error: /.test(line),
});

/** Whether a line goes on with an open message, and if so what becomes of it. */
function extended(open: Open, line: string): Open | undefined {
  if (open.lines >= mostLines || open.text.length + line.length > mostCharacters) return undefined;
  const whole = { ...open, text: `${open.text}\n${line}`, lines: open.lines + 1 };
  if (open.traceback) {
    if (goesOn.test(line)) return whole;
    // The first line that is not indented says what the error was, and ends the traceback.
    return { ...whole, traceback: false };
  }
  // An error while an error was handled: an empty line, a sentence, and the next traceback.
  if (open.panic && (line === '' || goroutine.test(line) || /^\t/.test(line))) return whole;
  return goesOn.test(line) ? whole : undefined;
}

/**
 * Joins the lines of stack traces and other messages of several lines: `into` is called once for each message with its first item,
 * its whole text and how many items it was made of. Items are neighbours in one stream. Pure.
 */
export function joinLines<Item, Result>(
  items: readonly Item[],
  textOf: (item: Item) => string,
  into: (first: Item, text: string, count: number) => Result,
): Result[] {
  const results: Result[] = [];
  let first: Item | undefined;
  let open: Open | undefined;
  let count = 0;
  const close = (): void => {
    if (first !== undefined && open) results.push(into(first, open.text, count));
  };
  for (const item of items) {
    const line = textOf(item);
    const longer = open && extended(open, line);
    if (longer) {
      open = longer;
      count += 1;
      continue;
    }
    close();
    first = item;
    open = begun(line);
    count = 1;
  }
  close();
  return results;
}

/**
 * Whether the last of these neighbouring lines may be followed by more of the same message: a stack, or an error that one
 * may follow. Pure.
 */
export function mayGoOn(lines: readonly string[]): boolean {
  const last = joinLines(lines, String, (first, _text, count) => ({ first, count })).at(-1);
  if (!last) return false;
  const level = severityOfText(last.first);
  return last.count > 1 || level === 'error' || level === 'fatal';
}
