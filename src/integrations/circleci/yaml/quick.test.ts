import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readWhole } from '../document.ts';
import type { Node } from '../node.ts';
import { Problems } from '../problems.ts';
import { NodeBuilder } from './builder.ts';
import { quickRead } from './quick.ts';

/** A file with everything the quick reader takes, from which mutations start. */
const seed = `---
# comment
version: 2.1   # and more
x: &x
  docker: [{ image: "cimg/base:1\\n", environment: {A: 1, 'B': '' } }]
  list:
  - one
  -   two: 2.50
      three:
  - &anchored [a, b: c,
      d]
  - *anchored
empty:
text: |
  cat \\<<EOF

    deeper
  EOF
folded: >-
  one
  two

  three
    four
long: a plain text
  over two lines

  and a third
"quoted key": ~
jobs:
  a: { <<: *x, steps: [checkout, run: echo << parameters.v >>] }
  b: {<<: [*x], on: yes}
`;

/** What both readers must agree on: values, places, and how scalars were written. */
function shape(node: Node | undefined): unknown {
  if (!node) return undefined;
  if (node.kind === 'list') return { at: node.at, items: node.items.map(shape) };
  if (node.kind === 'scalar') {
    return { at: node.at, value: node.value, plain: node.plain ?? null, block: node.block ?? false };
  }
  return { at: node.at, entries: [...node.entries].map(([key, { keyAt, value }]) => [key, keyAt, shape(value)]) };
}

/** True when the quick reader took the text; then it must have come to what the whole reader comes to. */
function agrees(text: string): boolean {
  const found = new Problems();
  const builder = new NodeBuilder(found);
  const quick = quickRead('f', text, builder);
  if (!quick || builder.refused) return false;
  const problems = new Problems();
  const whole = readWhole('f', text, problems);
  expect({ text, node: shape(quick), problems: found.list() }).toEqual({
    text,
    node: shape(whole),
    problems: problems.list(),
  });
  return true;
}

const pieces =
  '<<|>>|{|}|[|]|:|: |- |-|&a |*a|\n|  | |"|\'|~|#| #|| |\n|>-|? |!!x |\\|\t|%|@|---\n|...|a: b|- x\n  - y|,|\n\n|0x1F|1e3|.5|é|\r'.split(
    '|',
  );

describe('the quick reader', () => {
  it('takes plain files, and reads them as the whole reader does', () => {
    expect(agrees(seed)).toBe(true);
    for (const text of [
      'a: 1\n',
      '- a\n- b\n',
      'a:\n- b\n-\n- c: d\n',
      'a: "x: y" # c\n',
      'a: !!str 1\n',
      'a: b: c\n',
      '\ta: 1\n',
    ]) {
      agrees(text);
    }
  });

  it('reads nothing otherwise than the whole reader, however a file is changed', () => {
    const edits = fc.array(
      fc.record({
        at: fc.double({ min: 0, max: 1, noNaN: true }),
        remove: fc.nat(6),
        insert: fc.constantFrom(...pieces),
      }),
      { minLength: 1, maxLength: 4 },
    );
    fc.assert(
      fc.property(edits, (changes) => {
        agrees(
          changes.reduce((text, { at, remove, insert }) => {
            const place = Math.floor(at * text.length);
            return text.slice(0, place) + insert + text.slice(place + remove);
          }, seed),
        );
      }),
      { numRuns: 300 },
    );
  });

  it('leaves what is too deep to the whole reader', () => {
    expect(agrees(`a: ${'['.repeat(400)}${']'.repeat(400)}\n`)).toBe(false);
  });
});
