import { describe, expect, it } from 'vitest';
import { normalise } from '../normalise.ts';
import { filterOf, noFilters } from './filters.ts';
import { noScrubbing, scrubberOf } from './scrub-report.ts';

const read = (payload: object) => normalise({ ...payload }, { eventId: 'a'.repeat(32), receivedAt: 0 });
const broke = (value: string, more: object = {}) =>
  read({ platform: 'javascript', exception: { values: [{ type: 'Error', value }] }, ...more });
const seenBy = (agent: string) => broke('x', { request: { headers: { 'User-Agent': agent } } });

describe('filters', () => {
  const all = filterOf({
    ...noFilters,
    browserExtensions: true,
    localhost: true,
    webCrawlers: true,
    legacyBrowsers: true,
  });

  it('tell why an event is not wanted', () => {
    const frames = [{ filename: 'chrome-extension://abc/inject.js', function: 'f', lineno: 1 }];
    const stack = { values: [{ type: 'Error', value: 'x', stacktrace: { frames } }] };
    expect(all(read({ platform: 'javascript', exception: stack }))).toBe('browser-extensions');
    expect(all(broke('Extension context invalidated.'))).toBe('browser-extensions');
    expect(all(broke('x', { request: { url: 'http://localhost:3000/a' } }))).toBe('localhost');
    expect(all(broke('x', { user: { ip_address: '127.0.0.1' } }))).toBe('localhost');
    expect(all(seenBy('Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)'))).toBe(
      'web-crawlers',
    );
    expect(all(seenBy('Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 6.1)'))).toBe('legacy-browsers');
    expect(all(seenBy('Mozilla/5.0 (Windows NT 6.1; rv:24.0) Gecko/20130101 Firefox/24.0'))).toBe('legacy-browsers');
  });

  it('let today’s browsers pass, and everything when nothing is chosen', () => {
    for (const agent of [
      'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/147.0.0.0 Safari/537.36',
      'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.0 Safari/605.1.15',
      'Mozilla/5.0 (Windows NT 10.0; rv:140.0) Gecko/20100101 Firefox/140.0',
    ]) {
      expect(all(seenBy(agent))).toBeNull();
    }
    expect(all(broke('x', { request: { url: 'https://shop.example/localhost' } }))).toBeNull();
    expect(filterOf(noFilters)(seenBy('Googlebot/2.1'))).toBeNull();
  });

  it('hold messages and releases against globs', () => {
    const filter = filterOf({
      ...noFilters,
      messages: ['Error: *timed out*', 'ResizeObserver loop*'],
      releases: ['shop@0.*'],
    });
    expect(filter(broke('the request timed out after 3 s'))).toBe('error-message');
    expect(filter(broke('ResizeObserver loop limit exceeded'))).toBe('error-message');
    expect(filter(broke('x', { release: 'shop@0.9.1' }))).toBe('release-version');
    expect(filter(broke('x', { release: 'shop@1.0.9' }))).toBeNull();
  });
});

describe('what a project wants taken out', () => {
  it('goes by name in pairs, structures and forms, and by pattern in every text', () => {
    const scrub = scrubberOf({ fields: ['IBAN', 'passport'], patterns: ['cust-[0-9]+'], addresses: true })!;
    const report = scrub(
      broke('no such customer cust-4711', {
        user: { id: '7', ip_address: '10.0.0.1' },
        extra: { iban: 'DE00', order: { passportNumber: 'X1', total: 3 } },
        tags: { shop: 'cust-12' },
        request: { url: 'https://x.example/cust-99', query_string: 'a=1&user_iban=DE00&b=2' },
      }),
    );
    const text = JSON.stringify(report);
    for (const gone of ['cust-4711', 'cust-12', 'cust-99', 'DE00', 'X1', '10.0.0.1']) expect(text).not.toContain(gone);
    expect(report.request?.query).toBe('a=1&user_iban=[Filtered]&b=2');
    expect(text).toContain('total');
  });

  it('is nothing when nothing is asked for', () => {
    expect(scrubberOf(noScrubbing)).toBeNull();
  });
});
