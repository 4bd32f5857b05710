import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { offsetOf, placeAt, wordsOf } from './nrql-words.ts';

describe('wordsOf', () => {
  it('tells words, functions, texts and numbers apart', () => {
    const kinds = wordsOf("SELECT count(*) FROM Log WHERE level = 'error' LIMIT 10")
      .filter((word) => word.kind !== 'space')
      .map((word) => `${word.kind}:${word.text}`);
    expect(kinds).toContain('function:count');
    expect(kinds).toContain("string:'error'");
    expect(kinds).toContain('name:level');
    expect(kinds).toContain('number:10');
    expect(kinds.filter((kind) => kind.startsWith('keyword'))).toHaveLength(4);
  });

  it('covers every character once, in order, whatever is typed', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(
          wordsOf(text)
            .map((word) => word.text)
            .join(''),
        ).toBe(text);
      }),
    );
  });
});

describe('placeAt', () => {
  const at = (text: string) => placeAt(text.replace('|', ''), text.indexOf('|'));

  it('knows what can stand where', () => {
    expect(at('SEL|')).toMatchObject({ expects: 'start', prefix: 'SEL' });
    expect(at('SELECT count(*) FROM Tra|')).toMatchObject({ expects: 'eventType', prefix: 'Tra' });
    expect(at('SELECT dur| FROM Transaction, Log WHERE x = 1')).toMatchObject({
      expects: 'attribute',
      prefix: 'dur',
      eventTypes: ['Transaction', 'Log'],
    });
    expect(at('FROM Log |')).toMatchObject({ expects: 'attribute', prefix: '' });
  });

  it('knows whose value is being written', () => {
    const value = { expects: 'value', attribute: 'name', prefix: 'a', eventTypes: ['Log'] };
    expect(at("FROM Log WHERE name = 'a|")).toMatchObject(value);
    expect(at("FROM Log WHERE name != 'a|b'")).toMatchObject(value);
    expect(at("FROM Log WHERE `name` NOT LIKE 'a|")).toMatchObject(value);
    expect(at("FROM Log WHERE name IN ('x', 'a|')")).toMatchObject(value);
    expect(at("FROM Log WHERE name NOT IN ('a|")).toMatchObject(value);
  });

  it('keeps quiet inside other texts and comments', () => {
    expect(at("SELECT count(*) AS 'a|")).toBeUndefined();
    expect(at("WHERE concat(name, 'a|")).toBeUndefined();
    expect(at("WHERE name = 'ab'|")).toBeDefined();
    expect(at('-- com|ment')).toBeUndefined();
  });
});

it('finds the offset of a line and column', () => {
  expect(offsetOf('ab\ncd', 2, 2)).toBe(4);
  expect(offsetOf('ab', 9, 9)).toBe(2);
});
