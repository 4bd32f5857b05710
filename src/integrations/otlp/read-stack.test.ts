import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readStack } from './read-stack.ts';

/** Chain as `type: message`, each with its calls as `function file:line`, outermost first. */
const told = (text: string, language: string | null = null) => {
  const { platform, errors } = readStack(text, language);
  return {
    platform,
    errors: errors.map(({ type, message, frames }) => [
      `${type}: ${message}`,
      ...frames.map(
        (frame) => `${frame.module ? `${frame.module} ` : ''}${frame.function} ${frame.filename}:${frame.lineno}`,
      ),
    ]),
  };
};

describe('stacks as runtimes print them', () => {
  it('Python, chained', () => {
    const text = `Traceback (most recent call last):
  File "/app/shop/totals.py", line 5, in rate
    return cart["percent"]
           ~~~~^^^^^^^^^^^
KeyError: 'percent'

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "/app/shop/views.py", line 84, in checkout
    total(cart)
  File "/app/shop/totals.py", line 9, in total
    raise PriceError("no price")
shop.errors.PriceError: no price
`;
    expect(told(text)).toEqual({
      platform: 'python',
      errors: [
        ["KeyError: 'percent'", 'rate /app/shop/totals.py:5'],
        ['shop.errors.PriceError: no price', 'checkout /app/shop/views.py:84', 'total /app/shop/totals.py:9'],
      ],
    });
    expect(readStack(text, 'python').errors[0]!.frames[0]).toMatchObject({
      abs_path: '/app/shop/totals.py',
      context_line: 'return cart["percent"]',
    });
  });

  it('JavaScript', () => {
    const text = `TypeError: no price
for this cart
    at Cart.total (file:///app/src/cart.ts:4:11)
    at async /app/src/server.ts:9:3
    at process.processTicksAndRejections (node:internal/process/task_queues:95:5)`;
    expect(told(text, 'nodejs')).toEqual({
      platform: 'node',
      errors: [
        [
          'TypeError: no price\nfor this cart',
          'process.processTicksAndRejections node:internal/process/task_queues:95',
          '<anonymous> /app/src/server.ts:9',
          'Cart.total /app/src/cart.ts:4',
        ],
      ],
    });
  });

  it('Java, chained, with what was suppressed left out', () => {
    const text = `java.lang.IllegalStateException: cannot price
\tat com.shop.Cart.total(Cart.java:40)
\tat java.base/java.lang.Thread.run(Thread.java:833)
\tSuppressed: java.io.IOException: close
\t\tat com.shop.Db.close(Db.java:3)
Caused by: java.sql.SQLException: gone
\tat com.shop.Db.query(Db.java:12)
\t... 8 more`;
    expect(told(text)).toEqual({
      platform: 'java',
      errors: [
        ['java.sql.SQLException: gone', 'com.shop.Db query Db.java:12'],
        [
          'java.lang.IllegalStateException: cannot price',
          'java.lang.Thread run Thread.java:833',
          'com.shop.Cart total Cart.java:40',
        ],
      ],
    });
  });

  it('Go, without what recorded it', () => {
    const text = `goroutine 19 [running]:
go.opentelemetry.io/otel/sdk/trace.recordStackTrace()
\t/go/pkg/mod/go.opentelemetry.io/otel/sdk@v1.24.0/trace/span.go:461 +0x8c
go.opentelemetry.io/otel/sdk/trace.(*recordingSpan).RecordError(0xc0001, {0x1, 0x2})
\t/go/pkg/mod/go.opentelemetry.io/otel/sdk@v1.24.0/trace/span.go:440 +0x1a
example.com/shop/cart.(*Cart).Total(0xc00011, {0x10, 0x20})
\t/src/cart/cart.go:44 +0x1d
main.main.func1()
\t/src/main.go:12 +0x2
created by main.main in goroutine 1
\t/src/main.go:10 +0x3`;
    expect(told(text, 'go')).toEqual({
      platform: 'go',
      errors: [
        [
          'null: null',
          'main main /src/main.go:10',
          'main main.func1 /src/main.go:12',
          'example.com/shop/cart (*Cart).Total /src/cart/cart.go:44',
        ],
      ],
    });
  });

  it('PHP, as PHP and as OpenTelemetry prints it', () => {
    const text = `RuntimeException: no price in /app/src/Cart.php:40
Stack trace:
#0 /app/src/Checkout.php(12): Shop\\Cart->total()
#1 /app/public/index.php(3): checkout(Array)
#2 {main}`;
    expect(told(text, 'php')).toEqual({
      platform: 'php',
      errors: [
        [
          'RuntimeException: no price',
          '{main} /app/public/index.php:3',
          'checkout /app/src/Checkout.php:12',
          'Shop\\Cart::total /app/src/Cart.php:40',
        ],
      ],
    });
    expect(
      told('RuntimeException: no price\n at Shop.Cart.total(Cart.php:40)\n at {main}(index.php:3)', 'php').errors,
    ).toEqual([['RuntimeException: no price', 'Shop.Cart total Cart.php:40']]);
  });

  it('Ruby', () => {
    const text = `/app/lib/cart.rb:4:in 'Cart#total': divided by 0 (ZeroDivisionError)
\tfrom /app/lib/checkout.rb:9:in \`block in run'
\tfrom /app/bin/shop:2:in '<main>'`;
    expect(told(text)).toEqual({
      platform: 'ruby',
      errors: [
        [
          'ZeroDivisionError: divided by 0',
          '<main> /app/bin/shop:2',
          'block in run /app/lib/checkout.rb:9',
          'Cart#total /app/lib/cart.rb:4',
        ],
      ],
    });
  });

  it('no text makes it throw or linger', () => {
    const pieces = [
      'a',
      ' ',
      '/',
      ':',
      '(',
      ')',
      '.',
      '1',
      '\n',
      '\tat ',
      '  File "',
      '", line 1, in f',
      '#0 ',
      'from ',
      'Caused by: ',
    ];
    fc.assert(
      fc.property(fc.string({ maxLength: 4000, unit: fc.constantFrom(...pieces) }), (text) => {
        const started = performance.now();
        readStack(text, null);
        return performance.now() - started < 1000;
      }),
    );
    const began = performance.now();
    for (const unit of ['a.', '(', ' in x:', 'at ', 'a(']) readStack(unit.repeat(40_000), null);
    expect(performance.now() - began).toBeLessThan(5000);
  });
});
