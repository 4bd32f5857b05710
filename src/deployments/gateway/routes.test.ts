import { expect, test } from 'vitest';
import { findRoute, hostOf, type Route, routeTable, targetUrl } from './routes.ts';

const route = (host: string, path: string, service: string, stripPath = false): Route => ({
  host,
  path,
  stripPath,
  projectId: 'p',
  environment: 'e',
  service,
  group: 'g',
  release: null,
  targets: [],
});

test('an exact host goes before a wildcard, the longest path wins, and prefixes end at a slash', () => {
  const table = routeTable([
    route('a.example', '/', 'web'),
    route('a.example', '/api', 'api'),
    route('a.example', '/api/v2/', 'v2'),
    route('*.example', '/', 'any'),
  ]);
  const found = (host: string, url: string) => findRoute(table, host, url)?.service;
  expect(found('a.example', '/apis')).toBe('web');
  expect(found('a.example', '/api?x=/api/v2/')).toBe('api');
  expect(found('a.example', '/api/v2/items')).toBe('v2');
  expect(found('b.example', '/')).toBe('any');
  expect(found('c.b.example', '/')).toBe('any');
  expect(found('example', '/')).toBeUndefined();
});

test('host headers are read without port, case or trailing dot', () => {
  expect(hostOf('Shop.LOCALHOST:7480')).toBe('shop.localhost');
  expect(hostOf('shop.localhost.')).toBe('shop.localhost');
  expect(hostOf('[::1]:80')).toBe('[::1]');
  expect(hostOf(undefined)).toBe('');
});

test('a stripped prefix leaves a path and the query', () => {
  expect(targetUrl(route('h', '/api', 's', true), '/api?x=1')).toBe('/?x=1');
  expect(targetUrl(route('h', '/api', 's', true), '/api/items')).toBe('/items');
  expect(targetUrl(route('h', '/api', 's'), '/api/items')).toBe('/api/items');
});
