export interface DiffLine {
  kind: 'same' | 'added' | 'removed';
  text: string;
  /** Line numbers from 1 on either side. */
  before?: number | undefined;
  after?: number | undefined;
}

/** Above this many lines on either side the middle is shown as removed and added as a whole: the table would not fit. */
const tableLimit = 3000;

/** Line differences of two texts by longest common subsequence, after equal beginnings and ends are put aside. */
export function diffLines(before: string, after: string): DiffLine[] {
  const a = before === '' ? [] : before.split('\n');
  const b = after === '' ? [] : after.split('\n');
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head += 1;
  let tail = 0;
  while (tail < a.length - head && tail < b.length - head && a.at(-1 - tail) === b.at(-1 - tail)) tail += 1;
  const result: DiffLine[] = a.slice(0, head).map((text, index) => same(text, index, index));
  result.push(...middle(a.slice(head, a.length - tail), b.slice(head, b.length - tail), head));
  for (let index = tail; index > 0; index -= 1) result.push(same(a.at(-index)!, a.length - index, b.length - index));
  return result;
}

function same(text: string, before: number, after: number): DiffLine {
  return { kind: 'same', text, before: before + 1, after: after + 1 };
}

function middle(a: string[], b: string[], offset: number): DiffLine[] {
  const removed = (index: number): DiffLine => ({ kind: 'removed', text: a[index]!, before: offset + index + 1 });
  const added = (index: number): DiffLine => ({ kind: 'added', text: b[index]!, after: offset + index + 1 });
  if (a.length > tableLimit || b.length > tableLimit) {
    return [...a.map((_, index) => removed(index)), ...b.map((_, index) => added(index))];
  }
  const width = b.length + 1;
  const longest = new Uint32Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) {
      longest[i * width + j] =
        a[i] === b[j]
          ? longest[(i + 1) * width + j + 1]! + 1
          : Math.max(longest[(i + 1) * width + j]!, longest[i * width + j + 1]!);
    }
  }
  const result: DiffLine[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      result.push(same(a[i]!, offset + i, offset + j));
      i += 1;
      j += 1;
    } else if (i < a.length && (j >= b.length || longest[(i + 1) * width + j]! >= longest[i * width + j + 1]!)) {
      result.push(removed(i));
      i += 1;
    } else {
      result.push(added(j));
      j += 1;
    }
  }
  return result;
}
