/** A piece of running text. */
export type Inline =
  | { kind: 'text' | 'strong' | 'em' | 'code'; text: string }
  | { kind: 'link' | 'image'; text: string; href: string };

export type Block =
  | { kind: 'heading'; level: number; content: Inline[] }
  | { kind: 'paragraph'; content: Inline[] }
  | { kind: 'list'; ordered: boolean; items: Inline[][] }
  | { kind: 'quote'; content: Inline[] }
  | { kind: 'code'; text: string }
  | { kind: 'table'; head: Inline[][]; rows: Inline[][][] }
  | { kind: 'rule' };

const inlinePattern =
  /`([^`]+)`|!\[([^\]]*)\]\(\s*([^)\s]+)[^)]*\)|\[([^\]]+)\]\(\s*([^)\s]+)[^)]*\)|\*\*([^*]+)\*\*|__([^_]+)__|\*([^*\n]+)\*|\b_([^_\n]+)_\b/g;

/** Only addresses that lead somewhere; never a script. */
export function safeHref(href: string): string | undefined {
  return /^(https?:\/\/|mailto:|\/(?!\/)|#)/i.test(href) ? href : undefined;
}

export function readInline(text: string): Inline[] {
  const found: Inline[] = [];
  let from = 0;
  for (const match of text.matchAll(inlinePattern)) {
    if (match.index > from) found.push({ kind: 'text', text: text.slice(from, match.index) });
    const [whole, code, alt, source, words, href, strong, strong2, em, em2] = match;
    if (code !== undefined) found.push({ kind: 'code', text: code });
    else if (source !== undefined) found.push({ kind: 'image', text: alt ?? '', href: source });
    else if (href !== undefined) found.push({ kind: 'link', text: words ?? href, href });
    else if (strong ?? strong2) found.push({ kind: 'strong', text: (strong ?? strong2)! });
    else found.push({ kind: 'em', text: (em ?? em2)! });
    from = match.index + whole.length;
  }
  if (from < text.length) found.push({ kind: 'text', text: text.slice(from) });
  return found;
}

const cellsOf = (line: string): Inline[][] =>
  line
    .trim()
    .replace(/^\||\|$/g, '')
    .split('|')
    .map((cell) => readInline(cell.trim()));

/** Reads the Markdown that dashboards are written in: headings, paragraphs, lists, quotes, code, tables, rules. Any text is valid. */
export function readMarkdown(text: string): Block[] {
  const lines = text.replaceAll('\r\n', '\n').split('\n');
  const blocks: Block[] = [];
  let at = 0;
  const takeWhile = (holds: (line: string) => boolean): string[] => {
    const from = at;
    while (at < lines.length && holds(lines[at]!)) at += 1;
    return lines.slice(from, at);
  };
  while (at < lines.length) {
    const line = lines[at]!;
    const heading = /^(#{1,6})\s+(.*?)\s*#*$/.exec(line);
    const item = /^\s*([-*+]|\d+[.)])\s+/;
    if (line.trim() === '') at += 1;
    else if (heading) {
      blocks.push({ kind: 'heading', level: heading[1]!.length, content: readInline(heading[2]!) });
      at += 1;
    } else if (/^\s*```/.test(line)) {
      at += 1;
      blocks.push({ kind: 'code', text: takeWhile((one) => !/^\s*```/.test(one)).join('\n') });
      at += 1;
    } else if (/^\s*([-*_])(\s*\1){2,}\s*$/.test(line)) {
      blocks.push({ kind: 'rule' });
      at += 1;
    } else if (item.test(line)) {
      const ordered = /^\s*\d/.test(line);
      const items = takeWhile((one) => item.test(one)).map((one) => readInline(one.replace(item, '')));
      blocks.push({ kind: 'list', ordered, items });
    } else if (/^\s*>/.test(line)) {
      const quoted = takeWhile((one) => /^\s*>/.test(one)).map((one) => one.replace(/^\s*>\s?/, ''));
      blocks.push({ kind: 'quote', content: readInline(quoted.join(' ')) });
    } else if (line.includes('|') && /^[\s|:-]+$/.test(lines[at + 1] ?? '') && lines[at + 1]!.includes('-')) {
      at += 2;
      const rows = takeWhile((one) => one.includes('|')).map(cellsOf);
      blocks.push({ kind: 'table', head: cellsOf(line), rows });
    } else {
      const begins = (one: string) => one.trim() === '' || /^(#{1,6}\s|\s*```|\s*>)/.test(one) || item.test(one);
      const own = [line];
      at += 1;
      own.push(...takeWhile((one) => !begins(one)));
      blocks.push({ kind: 'paragraph', content: readInline(own.join(' ').trim()) });
    }
  }
  return blocks;
}
