import { expect, it } from 'vitest';
import { browserName } from './browser-name.ts';

it('calls browsers by their own names, not by those they pretend to be', () => {
  const chrome =
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36';
  expect(browserName(chrome)).toBe('Chrome 141 on Linux');
  expect(browserName(`${chrome} Edg/141.0.1`)).toBe('Edge 141 on Linux');
  expect(browserName('Mozilla/5.0 (Windows NT 10.0; rv:140.0) Gecko/20100101 Firefox/140.0')).toBe(
    'Firefox 140 on Windows',
  );
  expect(
    browserName(
      'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1 Version/18.0 Mobile Safari/604.1',
    ),
  ).toBe('Safari 18 on iOS');
  expect(browserName('millrace-cli/0.1')).toBe('millrace-cli/0.1');
  expect(browserName('')).toBe('Unknown');
});
