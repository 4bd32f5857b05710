import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { closestMap, isMapName, isNamedByContent, type KeptMap, readArtifactMap } from './artifact-map.ts';

const map = (more: object = {}): string => JSON.stringify({ version: 3, sources: ['a.ts'], mappings: 'AAAA', ...more });

describe('maps among artifacts', () => {
  test('are told by their names', () => {
    for (const name of ['dist/app.js.map', 'a.mjs.map', 'a.cjs.map']) expect(isMapName(name)).toBe(true);
    for (const name of ['app.css.map', 'app.js', 'app.map', 'app.ts.map']) expect(isMapName(name)).toBe(false);
  });

  test('say which script they are of, else their own name does', () => {
    expect(readArtifactMap('dist/assets/app.js.map', map({ file: 'app-1a2b3c4d.js' }))).toEqual({
      script: 'app-1a2b3c4d.js',
      url: '~/dist/assets/app-1a2b3c4d.js',
      debugId: null,
    });
    const id = '4bb760ae-2ce2-5c0c-a701-360b117e2b84';
    expect(readArtifactMap('app.js.map', `)]}'\n${map({ debug_id: id })}`)).toEqual({
      script: 'app.js',
      url: '~/app.js',
      debugId: id.replaceAll('-', ''),
    });
  });

  test('that are none are none', () => {
    for (const text of ['', 'no', '[]', '{}', '{"mappings":3}', 'null']) {
      expect(readArtifactMap('a.js.map', text)).toBeNull();
    }
  });

  test('are read or refused, whatever they hold', () => {
    fc.assert(
      fc.property(fc.string(), fc.jsonValue(), fc.jsonValue(), (path, file, id) => {
        const read = readArtifactMap(path, JSON.stringify({ mappings: '', file, debugId: id }));
        expect(read?.url.startsWith('~/')).toBe(true);
      }),
    );
  });
});

test('names that tell the content of a script', () => {
  for (const name of [
    'index-leVXUUtB.js',
    'main.3f9c2e1a.js',
    'app.3f9c2e1ab0c1d2e3f4a5.mjs',
    'chunk-A2B3C4D5.js',
    'assets/legacy-index-DRk_4xQz.js',
    'shop-D-0mgmuF.js',
  ]) {
    expect(isNamedByContent(name), name).toBe(true);
  }
  for (const name of [
    'app.js',
    'jquery-3.7.1.min.js',
    'chunk-vendors.js',
    'app-production.js',
    'app-version2.js',
    'server.cjs',
    'page-Checkout.js',
    'page-Big-Menu.js',
    'MyCartView-index.js',
    'cart-CheckoutForm2.js',
  ]) {
    expect(isNamedByContent(name), name).toBe(false);
  }
});

describe('the map that is meant', () => {
  const kept = (id: string, url: string, release = ''): KeptMap => ({ id, url, release });

  test('is of the release, and shares the end of the address', () => {
    const maps = [
      kept('new', '~/dist/admin/app.js', 'r2'),
      kept('shop', '~/dist/shop/app.js', 'r2'),
      kept('old', '~/dist/shop/app.js', 'r1'),
    ];
    expect(closestMap(maps, '~/static/shop/app.js', 'r2')?.id).toBe('shop');
    expect(closestMap(maps, '~/static/shop/app.js', 'r1')?.id).toBe('old');
    expect(closestMap(maps, '~/static/shop/app.js', 'r3')).toBeNull();
    expect(closestMap(maps, '~/static/shop/app.js', '')).toBeNull();
  });

  test('is none when two may be meant', () => {
    const maps = [kept('a', '~/a/app.js', 'r1'), kept('b', '~/b/app.js', 'r1')];
    expect(closestMap(maps, '~/app.js', 'r1')).toBeNull();
  });

  test('is of any release where the name tells the content', () => {
    const maps = [kept('newest', '~/dist/app-leVXUUtB.js', 'r9'), kept('older', '~/dist/app-leVXUUtB.js', 'r1')];
    expect(closestMap(maps, '~/assets/app-leVXUUtB.js', 'shop@1.2.0')?.id).toBe('newest');
    expect(closestMap(maps, '~/assets/app-leVXUUtB.js', 'r1')?.id).toBe('older');
  });
});
