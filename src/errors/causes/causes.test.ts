import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { NotedFact } from '../port.ts';
import { weigh } from './evidence.ts';
import { crashSiteIn, isSameSite } from './stack-text.ts';

describe('where an error was raised, in what test runners write', () => {
  it('Python', () => {
    const text = `Traceback (most recent call last):
  File "/usr/lib/python3.11/unittest/case.py", line 57, in testPartExecutor
    yield
  File "/work/tests/test_cart.py", line 12, in test_total
    self.assertEqual(total(cart), 3)
  File "/work/shop/totals.py", line 40, in total
    return cart["percent"]
KeyError: 'percent'`;
    expect(crashSiteIn(text)).toEqual({ type: 'KeyError', file: 'totals.py', function: 'total' });
  });

  it('pytest', () => {
    const text = `KeyError: 'percent'
cart = {}

    def test_total():
>       assert total({}) == 0

tests/test_cart.py:5:
_ _ _ _ _

    def total(cart):
>       return cart["percent"]
E       KeyError: 'percent'

shop/totals.py:40: KeyError`;
    expect(crashSiteIn(text)).toEqual({ type: 'KeyError', file: 'totals.py', function: 'total' });
  });

  it('JavaScript, Java, Ruby and PHP', () => {
    const js = `TypeError: no price
    at Cart.total (file:///work/src/cart.ts:4:11)
    at /work/test/cart.test.ts:9:3
    at runTest (/work/node_modules/vitest/dist/run.js:1:2)`;
    expect(crashSiteIn(js)).toEqual({ type: 'TypeError', file: 'cart.ts', function: 'total' });
    const java = `java.lang.IllegalStateException: no price
\tat com.shop.Cart.total(Cart.java:40)
\tat com.shop.CartTest.sums(CartTest.java:9)`;
    expect(crashSiteIn(java)).toEqual({ type: 'IllegalStateException', file: 'Cart.java', function: 'total' });
    const ruby = `ZeroDivisionError: divided by 0
  lib/shop/cart.rb:4:in 'Cart#total'
  spec/cart_spec.rb:9:in 'block'`;
    expect(crashSiteIn(ruby)).toEqual({ type: 'ZeroDivisionError', file: 'cart.rb', function: 'total' });
    const php = `RuntimeException: no price
#0 /work/src/Cart.php(40): Shop\\Cart->total()
#1 /work/tests/CartTest.php(9): run()`;
    expect(crashSiteIn(php)).toEqual({ type: 'RuntimeException', file: 'Cart.php', function: 'total' });
  });

  it('is the same site whatever folder or package it is told with, and not when one of the three differs', () => {
    const site = { type: 'KeyError', file: 'totals.py', function: 'total' };
    expect(isSameSite({ type: 'builtins.KeyError', file: '/app/shop/totals.py', function: 'total' }, site)).toBe(true);
    expect(isSameSite({ ...site, function: null }, site)).toBe(true);
    expect(isSameSite({ ...site, function: 'sum' }, site)).toBe(false);
    expect(isSameSite({ ...site, type: 'TypeError' }, site)).toBe(false);
    expect(isSameSite({ ...site, file: 'subtotals.py' }, site)).toBe(false);
  });

  it('no text makes it throw or linger', () => {
    fc.assert(
      fc.property(
        fc.string({
          maxLength: 4000,
          unit: fc.constantFrom('a', ' ', '/', ':', '(', '.', '1', '\n', 'at ', 'E ', 'in '),
        }),
        (text) => {
          const started = performance.now();
          crashSiteIn(text);
          return performance.now() - started < 1000;
        },
      ),
    );
  });
});

describe('what happened around an issue', () => {
  const at = Date.parse('2026-03-01T12:00:00Z');
  const issue = { at, environment: 'production', service: 'web', release: 'r7-abc' };
  const fact = (type: string, minutesBefore: number, more: Partial<NotedFact> = {}): NotedFact => ({
    eventId: 'e',
    type,
    at: at - minutesBefore * 60_000,
    text: type,
    href: null,
    environment: null,
    service: null,
    release: null,
    recovered: false,
    ...more,
  });

  it('is ranked: a test that told of it, settings of the place, then the state of things', () => {
    const failure = {
      runId: 'x',
      run: 214,
      test: 'test_total',
      at: at - 7_200_000,
      site: { type: 'KeyError', file: 'totals.py', function: 'total' },
    };
    const found = weigh(
      issue,
      [
        fact('monitoring.check.changed', 1, { service: 'web', environment: 'production' }),
        fact('deployments.variables.changed', 4, { environment: 'production' }),
        fact('secrets.secret.set', 40),
        fact('deployments.variables.changed', 2, { environment: 'staging' }),
        fact('deployments.deployment.switched', 3, { environment: 'production', release: 'r7-abc' }),
        fact('monitoring.check.changed', 0, { recovered: true }),
        fact('pipelines.run.started', 1),
      ],
      failure,
    );
    expect(found.map(({ kind, text, reason }) => [kind, text, reason])).toEqual([
      ['test', 'Seen in run 214 first: test_total failed there', 'the same KeyError in total'],
      ['change', 'deployments.variables.changed', '4 min before, in production'],
      ['state', 'monitoring.check.changed', '1 min before, in production'],
      ['change', 'secrets.secret.set', '40 min before'],
    ]);
    expect(found[0]!.href).toBe('/runs/x?tab=tests');
  });
});
