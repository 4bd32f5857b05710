import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type OwnedThing, ownerOf, parseCodeowners, parseOwnership } from './rules.ts';

const thing = (more: Partial<OwnedThing>): OwnedThing => ({ files: [], modules: [], url: null, tags: [], ...more });
const ownersBy = (text: string, more: Partial<OwnedThing>): string[] | null =>
  ownerOf(parseOwnership(text).rules, thing(more))?.rule.owners ?? null;
const codeownersBy = (text: string, ...files: string[]): string[] | null =>
  ownerOf(parseCodeowners(text), thing({ files }))?.rule.owners ?? null;

describe('ownership rules', () => {
  it('match paths wherever they begin, modules, addresses and tags', () => {
    const rules = `
      # money
      path:src/billing/** ada@shop.example
      module:com.shop.cart.* bo@shop.example
      url:https://shop.example/checkout/* cy@shop.example di@shop.example
      tags.region:eu ed@shop.example`;
    expect(ownersBy(rules, { files: ['/srv/app/src/billing/total.py'] })).toEqual(['ada@shop.example']);
    expect(ownersBy(rules, { files: ['src/billingx/total.py'] })).toBeNull();
    expect(ownersBy(rules, { modules: ['com.shop.cart.Basket'] })).toEqual(['bo@shop.example']);
    expect(ownersBy(rules, { url: 'https://shop.example/checkout/pay' })).toEqual([
      'cy@shop.example',
      'di@shop.example',
    ]);
    expect(ownersBy(rules, { tags: [['region', 'eu']] })).toEqual(['ed@shop.example']);
    expect(ownersBy(rules, { tags: [['region', 'us']] })).toBeNull();
  });

  it('let the innermost frame decide, and of several rules the last', () => {
    const rules = '*.py all@shop.example\nshop/totals.py ada@shop.example';
    expect(ownersBy(rules, { files: ['shop/totals.py', 'shop/views.py'] })).toEqual(['ada@shop.example']);
    expect(ownersBy(rules, { files: ['shop/views.py', 'shop/totals.py'] })).toEqual(['all@shop.example']);
  });

  it('name the line that cannot be read', () => {
    expect(parseOwnership('path:a ada@x.example\npath:\npath:b\ntags:eu ada@x.example').problems).toEqual([
      { line: 2, message: 'a pattern is missing' },
      { line: 3, message: 'an owner is missing' },
      { line: 4, message: 'a tag is written tags.<name>:<pattern>' },
    ]);
  });
});

describe('CODEOWNERS', () => {
  it('reads patterns as forges do: the last match counts, and a line without owners takes ownership away', () => {
    const text = `
* @everyone
*.js @web # all scripts
/build/logs/ @ci
docs/* @writers
apps/ @apps
/apps/github @gh
/apps/vendor
[Section] @nobody`;
    expect(codeownersBy(text, 'README.md')).toEqual(['@everyone']);
    expect(codeownersBy(text, 'src/deep/a.js')).toEqual(['@web']);
    expect(codeownersBy(text, 'build/logs/today.txt')).toEqual(['@ci']);
    expect(codeownersBy(text, 'docs/start.md')).toEqual(['@writers']);
    expect(codeownersBy(text, 'docs/deep/start.md')).toEqual(['@everyone']);
    expect(codeownersBy(text, 'lib/apps/x.py')).toEqual(['@apps']);
    expect(codeownersBy(text, 'apps/github/x.py')).toEqual(['@gh']);
    expect(codeownersBy(text, 'apps/vendor/x.py')).toBeNull();
  });

  it("comes after the project's own rules", () => {
    const rules = [...parseCodeowners('* @all'), ...parseOwnership('path:a.py ada@x.example').rules];
    expect(ownerOf(rules, thing({ files: ['a.py'] }))?.rule.source).toBe('rules');
    expect(ownerOf(rules, thing({ files: ['b.py'] }))?.rule.source).toBe('CODEOWNERS');
  });
});

it('no text makes either reader throw or linger', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 300 }), fc.string({ maxLength: 100 }), (text, file) => {
      const started = performance.now();
      ownerOf([...parseOwnership(text).rules, ...parseCodeowners(text)], thing({ files: [file], url: file }));
      return performance.now() - started < 2000;
    }),
  );
});
