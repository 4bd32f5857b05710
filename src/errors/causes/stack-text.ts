/** Where an error was raised, as far as texts of test runners tell: its type and the innermost call of the application's own code. */
export interface CrashSite {
  type: string;
  /** Name without folders. */
  file: string;
  /** Null where the text does not say it. */
  function: string | null;
}

const library = /node_modules|site-packages|dist-packages|node:internal|\/usr\/lib|internal\/|\/gems\/|\/vendor\//;
const testCode =
  /(?:^|\/)(?:tests?|specs?|__tests__)\/|(?:^|\/)test_[^/]*$|[._-](?:test|spec)\.\w+$|_test\.\w+$|Tests?\.java$/;
const longest = 64 * 1024;
const mostLines = 2000;

const base = (path: string): string => path.split(/[/\\]/).at(-1) ?? path;
const bareType = (type: string): string =>
  type
    .split(/[.:\\]/)
    .filter(Boolean)
    .at(-1) ?? type;

interface Call {
  file: string;
  function: string | null;
}

/** One line of a stack; outermost first in Python and pytest, innermost first elsewhere. */
const lineForms: { pattern: RegExp; innermostFirst: boolean; call: (match: RegExpExecArray) => Call }[] = [
  {
    pattern: /^\s*File "([^"]{1,500})", line \d+, in (\S{1,200})/,
    innermostFirst: false,
    call: (match) => ({ file: match[1]!, function: match[2]! }),
  },
  {
    // at Class.method (path:1:2), at async method (file:///path:1:2), at path:1:2
    pattern:
      /^\s*at (?:async )?(?:new )?(?:(\S{1,200}(?: \[as [^\]]{1,80}\])?) \()?(?:file:\/\/)?([^()\s]{1,500}):\d+:\d+\)?$/,
    innermostFirst: true,
    call: (match) => ({
      file: match[2]!,
      function:
        match[1]
          ?.replace(/ \[as .*/, '')
          .split('.')
          .at(-1) ?? null,
    }),
  },
  {
    pattern: /^\s*at ([\w.$<>]{1,300})\(([\w$]{1,100}\.(?:java|kt|scala|groovy)):\d+\)/,
    innermostFirst: true,
    call: (match) => ({ file: match[2]!, function: match[1]!.split('.').at(-1)! }),
  },
  {
    pattern: /^\s*(?:from )?([^:\s]{1,500}\.rb):\d+:in [`'](?:[^']*[#.])?([^'#.]{1,200})'/,
    innermostFirst: true,
    call: (match) => ({ file: match[1]!, function: match[2]! }),
  },
  {
    pattern: /^#\d+ ([^()\s]{1,500}\.php)\(\d+\): (?:[\w\\]+(?:->|::))?(\w{1,200})\(/,
    innermostFirst: true,
    call: (match) => ({ file: match[1]!, function: match[2]! }),
  },
];

const typeLine =
  /^(?:E\s+)?(?:Caused by: |Uncaught |Exception in thread "[^"]*" )?([A-Za-z_][\w.$\\:]{0,200}(?:Error|Exception|Fault|Failure|Warning|Timeout|Interrupt|Exit))\b(?::|$|\s*\()/;

/** Reads where an error was raised out of what a test runner wrote; null when the text has no stack of the application's own code. */
export function crashSiteIn(text: string): CrashSite | null {
  const calls: Call[] = [];
  let innermostFirst = false;
  let type: string | null = null;
  let pytestFunction: string | null = null;
  for (const line of text.slice(0, longest).split(/\r?\n/, mostLines)) {
    const named = typeLine.exec(line);
    // Python names it last, the others first.
    if (named && (type === null || !innermostFirst)) type = named[1]!;
    const form = lineForms.find(({ pattern }) => pattern.test(line));
    if (form) {
      if (calls.length === 0) innermostFirst = form.innermostFirst;
      calls.push(form.call(form.pattern.exec(line)!));
      continue;
    }
    // pytest shows the source: "    def total(cart):", and where it went on: "shop/totals.py:40: KeyError".
    pytestFunction = /^\s*(?:async )?def (\w{1,200})\(/.exec(line)?.[1] ?? pytestFunction;
    const place = /^(\S{1,500}\.py):\d+: ?([A-Za-z_][\w.]{0,200})?$/.exec(line);
    if (place) {
      calls.push({ file: place[1]!, function: pytestFunction });
      if (place[2] && place[2] !== 'in') type = place[2];
      pytestFunction = null;
    }
  }
  const own = calls.filter(({ file }) => !library.test(file) && !testCode.test(file));
  const inner = innermostFirst ? own[0] : own.at(-1);
  return type === null || !inner
    ? null
    : { type: bareType(type), file: base(inner.file), function: inner.function === '<module>' ? null : inner.function };
}

/** Whether two errors were raised at the same place: same type, same file, and the same function where both say it. */
export function isSameSite(one: CrashSite, other: CrashSite): boolean {
  if (bareType(one.type) !== bareType(other.type) || base(one.file) !== base(other.file)) return false;
  return one.function === null || other.function === null || one.function === other.function;
}
