import { expect, it } from 'vitest';
import { readInline } from './markdown.ts';

it('links may stand off their parentheses, as published dashboards write them', () => {
  expect(readInline('See [here]( https://example.com/a ) or [there](/b "title").')).toEqual([
    { kind: 'text', text: 'See ' },
    { kind: 'link', text: 'here', href: 'https://example.com/a' },
    { kind: 'text', text: ' or ' },
    { kind: 'link', text: 'there', href: '/b' },
    { kind: 'text', text: '.' },
  ]);
});
