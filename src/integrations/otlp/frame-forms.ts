/** A call of a stack, in the words of error-tracking clients. Lines and columns count from 1. */
export interface ToldFrame {
  function?: string | undefined;
  module?: string | undefined;
  filename?: string | undefined;
  abs_path?: string | undefined;
  lineno?: number | undefined;
  colno?: number | undefined;
  context_line?: string | undefined;
  in_app: boolean;
}

/** What the lines before (or after) the calls say of an error. */
export interface Headline {
  type: string | null;
  message: string | null;
  /** Where it was raised, in languages that tell it apart from the calls. */
  site?: ToldFrame | undefined;
}

/** How one runtime prints a stack. All patterns are bounded, so that no text makes them linger. */
export interface FrameForm {
  platform: 'python' | 'node' | 'java' | 'go' | 'php' | 'ruby';
  /** The call a line tells of. */
  frame(line: string): ToldFrame | undefined;
  /** Whether a line goes on about the call before; may add to it. */
  continues(line: string, call: ToldFrame): boolean;
  headline(lines: string[]): Headline;
  /** Lines that say nothing. */
  noise: RegExp;
  /** What follows such a line belongs to no error of the chain. */
  skips?: ((line: string) => boolean) | undefined;
  namedLast?: boolean | undefined;
  /** The root of a chain comes before what it led to. */
  rootFirst?: boolean | undefined;
  /** Puts the calls into order: outermost first. */
  shape(calls: ToldFrame[]): ToldFrame[];
}

const none = (): boolean => false;
const reversed = (calls: ToldFrame[]): ToldFrame[] => [...calls].reverse();
const place = (path: string, line: string | undefined, column?: string | undefined): ToldFrame => ({
  filename: path,
  ...(/^(?:\/|[A-Za-z]:\\)/.test(path) ? { abs_path: path } : {}),
  ...(line === undefined ? {} : { lineno: Number(line) }),
  ...(column === undefined ? {} : { colno: Number(column) }),
  in_app: true,
});

/** `shop.PriceError: no price`, `PriceError`; a text without a type is a message. */
function named(lines: string[], strip: RegExp): Headline {
  const [first = '', ...rest] = lines;
  const found = /^([A-Za-z_$*][\w$.\\]{0,200})(?:: ?(.*)|)$/s.exec(first.replace(strip, ''));
  if (!found) return { type: null, message: lines.join('\n') || null };
  return { type: found[1]!, message: [found[2] ?? '', ...rest].join('\n') };
}

const python: FrameForm = {
  platform: 'python',
  namedLast: true,
  rootFirst: true,
  frame(line) {
    const found = /^\s*File "([^"]{1,500})", line (\d{1,7})(?:, in (.{1,200}))?$/.exec(line);
    return found ? { ...place(found[1]!, found[2]), function: found[3] ?? '<module>' } : undefined;
  },
  continues(line, call) {
    if (!/^ {4}/.test(line)) return false;
    if (call.context_line === undefined && !/^[\s~^]+$/.test(line)) call.context_line = line.slice(4);
    return true;
  },
  noise:
    /^(?:Traceback \(most recent call last\):|The above exception was|During handling of the above|\s*\[Previous line repeated)/,
  headline: (lines) => named(lines, /^$/),
  shape: (calls) => calls,
};

const node: FrameForm = {
  platform: 'node',
  frame(line) {
    const found =
      /^\s*at (?:async )?(?:(?:new )?(\S{1,200}(?: \[as [^\]]{1,80}\])?) \()?(?:async )?([^()\s]{1,500}?)(?::(\d{1,7}))?(?::(\d{1,7}))?\)?$/.exec(
        line,
      );
    // A name with a dot and nothing else is a call of Java's.
    if (!found || (found[3] === undefined && !/^(?:node:|<anonymous>|native)/.test(found[2]!))) return undefined;
    const name = found[1]?.replace(/ \[as .*/, '');
    return { ...place(found[2]!.replace(/^file:\/\//, ''), found[3], found[4]), function: name ?? '<anonymous>' };
  },
  continues: none,
  noise: /^\s*(?:at <anonymous>|\.\.\. \d+ lines matching)/,
  headline: (lines) => named(lines, /^(?:Uncaught |Caused by: |\s*\[cause\]: )/),
  shape: reversed,
};

const java: FrameForm = {
  platform: 'java',
  frame(line) {
    const found = /^\s*at (?:[\w.@-]{0,100}\/{1,2})?([\w.$<>\\]{1,300})\(([^():]{0,200})(?::(\d{1,7}))?\)$/.exec(line);
    if (!found) return undefined;
    const names = found[1]!.replaceAll('\\', '.').split('.');
    const known = /^(?:Native Method|Unknown Source|)$/.test(found[2]!);
    return {
      function: names.at(-1)!,
      module: names.slice(0, -1).join('.'),
      ...(known ? {} : place(found[2]!, found[3])),
      in_app: true,
    };
  },
  continues: none,
  noise: /^\s*\.\.\. \d+ (?:more|common frames omitted)/,
  skips: (line) => /^\s*Suppressed: /.test(line),
  headline: (lines) => named(lines, /^\s*(?:Caused by: |Exception in thread "[^"]{0,100}" )/),
  shape: reversed,
};

const go: FrameForm = {
  platform: 'go',
  frame(line) {
    const found =
      /^(?:created by )?([\w.\-~%/]{1,250}\.[\w.()*[\]]{1,200}?)(?:\([^()]{0,1000}(?:\(\.\.\.\))?\)|\(\.\.\.\)| in goroutine \d{1,9})?$/.exec(
        line,
      );
    if (!found || /^\s/.test(line)) return undefined;
    const whole = found[1]!;
    const dot = whole.indexOf('.', whole.lastIndexOf('/') + 1);
    return { module: whole.slice(0, dot), function: whole.slice(dot + 1), in_app: true };
  },
  continues(line, call) {
    const found = /^\t(\S{1,500}):(\d{1,7})(?: \+0x[0-9a-f]{1,16})?$/.exec(line);
    if (found) Object.assign(call, place(found[1]!, found[2]));
    return found !== null;
  },
  noise: /^goroutine \d+ \[/,
  headline: (lines) => named(lines, /^(?:panic: |\s+)/),
  shape(calls) {
    // What records the stack is not where it broke; neither is the machinery of a panic.
    const own = calls.filter((call) => call.lineno !== undefined);
    const first = own.findIndex(({ module = '' }) => !/^(?:go\.opentelemetry\.io\/|runtime(?:\/debug)?$)/.test(module));
    return reversed(first < 0 ? own : own.slice(first));
  },
};

const php: FrameForm = {
  platform: 'php',
  frame(line) {
    const found =
      /^#\d{1,4} (?:\[internal function\]|([^()]{1,500})\((\d{1,7})\)): (?:([\w\\]{1,200})(?:->|::))?([\w\\{}]{1,200})\(/.exec(
        line,
      );
    if (!found) return undefined;
    return {
      ...(found[1] === undefined ? { in_app: false } : place(found[1], found[2])),
      function: found[3] === undefined ? found[4]! : `${found[3]}::${found[4]}`,
    };
  },
  continues: none,
  noise: /^(?:Stack trace:|#\d+ \{main\}|\s*thrown$)/,
  headline(lines) {
    const text = lines.join('\n').replace(/^(?:PHP )?(?:Fatal error: {1,2})?(?:Uncaught |Next )?/, '');
    const site = / in ([^\n]{1,500}?)(?::| on line )(\d{1,7})$/.exec(text);
    const said = site ? text.slice(0, site.index) : text;
    return { ...named(said.split('\n'), /^$/), site: site ? place(site[1]!, site[2]) : undefined };
  },
  /** A line says where a function was called, not where it stood: names belong to the place of the line above. */
  shape(calls) {
    const hasSite = calls[0]?.function === undefined;
    const places = hasSite ? calls : [{ in_app: false } satisfies ToldFrame, ...calls];
    const shifted = places.map((call, index) => ({ ...call, function: places[index + 1]?.function ?? '{main}' }));
    return reversed(shifted.filter((call) => call.lineno !== undefined));
  },
};

const ruby: FrameForm = {
  platform: 'ruby',
  frame(line) {
    const found = /^\s+from ([^\n]{1,500}?):(\d{1,7}):in [`'](.{1,200})'$/.exec(line);
    return found ? { ...place(found[1]!, found[2]), function: found[3]! } : undefined;
  },
  continues: none,
  noise: /^\s+\.{3} \d+ levels/,
  headline(lines) {
    const text = lines.join('\n');
    const found = /^([^\n]{1,500}?):(\d{1,7}):in [`']([^\n]{1,200}?)': (.*) \(([\w:]{1,200})\)$/s.exec(text);
    if (!found) return { type: null, message: text || null };
    return { type: found[5]!, message: found[4]!, site: { ...place(found[1]!, found[2]), function: found[3]! } };
  },
  shape: reversed,
};

/** In the order in which they are tried: the more particular first. */
export const frameForms: readonly FrameForm[] = [python, php, ruby, java, node, go];
