import { deflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { build } from 'vite';
import { describe, expect, test } from 'vitest';
import { zipOf } from '../../../test/harness/zip-of.ts';
import { normalise } from '../normalise.ts';
import { readBundle } from './bundle.ts';
import { openSourceMap } from './source-map.ts';
import { mapKeys, symbolicate } from './symbolicate.ts';
import { readZip } from './zip.ts';

describe('source maps', () => {
  test('lead from what a bundler made back to what was written', async () => {
    const source =
      'export function total(cart) {\n  return cart.items.reduce(\n    (sum, item) => sum + item.price.amount, 0);\n}\n\nwindow.total = total;\n';
    const result = await build({
      logLevel: 'silent',
      configFile: false,
      plugins: [
        {
          name: 'source',
          resolveId: (id) => (id === 'cart.js' ? '/src/cart.js' : null),
          load: (id) => (id === '/src/cart.js' ? source : null),
        },
      ],
      build: { write: false, sourcemap: true, minify: true, rollupOptions: { input: 'cart.js' } },
    });
    const [output] = Array.isArray(result) ? result : [result];
    const chunk = 'output' in output! ? output.output.find((one) => one.type === 'chunk')! : undefined;
    const map = openSourceMap(String(chunk!.map))!;
    const line = chunk!.code.split('\n').findIndex((text) => text.includes('price'));
    const column = chunk!.code.split('\n')[line]!.indexOf('.price');
    const place = map.placeOf(line, column)!;
    expect(map.linesOf(place.source)?.[place.line]).toContain('item.price.amount');
  });

  test('are read by their numbers', () => {
    // Line 1: column 0 of a.js 1:0; column 5 of a.js 2:3, named f. Line 2: nothing.
    const map = openSourceMap(
      JSON.stringify({
        version: 3,
        sources: ['a.js'],
        names: ['f'],
        sourcesContent: ['one\ntwo\n'],
        mappings: 'AAAA,KACGA;',
      }),
    )!;
    expect(map.placeOf(0, 4)).toEqual({ source: 'a.js', line: 0, column: 0, name: null });
    expect(map.placeOf(0, 9)).toEqual({ source: 'a.js', line: 1, column: 3, name: 'f' });
    expect(map.placeOf(1, 0)).toBeNull();
    expect(map.linesOf('a.js')?.[1]).toBe('two');
  });

  test('of parts count from where the part begins', () => {
    const part = { version: 3, sources: ['a.js'], names: [], mappings: 'AAAA' };
    const map = openSourceMap(
      JSON.stringify({
        version: 3,
        sections: [
          { offset: { line: 0, column: 0 }, map: part },
          { offset: { line: 2, column: 4 }, map: { ...part, sources: ['b.js'] } },
        ],
      }),
    )!;
    expect(map.placeOf(0, 1)?.source).toBe('a.js');
    expect(map.placeOf(2, 6)?.source).toBe('b.js');
  });

  test('may be any text without harm', () => {
    fc.assert(fc.property(fc.string(), (text) => void openSourceMap(text)));
    fc.assert(
      fc.property(fc.stringMatching(/^[A-Za-z0-9+/,;]{0,60}$/), fc.nat(5), fc.nat(50), (mappings, line, column) => {
        openSourceMap(JSON.stringify({ mappings, sources: ['a'], names: [] }))?.placeOf(line, column);
      }),
    );
  });
});

describe('bundles', () => {
  const manifest = {
    release: 'r1',
    files: {
      'files/_/_/app.js': {
        type: 'minified_source',
        url: '~/app.js',
        headers: { 'Debug-Id': 'AAAAAAAA-aaaa-aaaa-aaaa-aaaaaaaaaaaa', Sourcemap: 'app.js.map' },
      },
      'files/_/_/app.js.map': { type: 'source_map', url: '~/app.js.map', headers: [['debug-id', 'a'.repeat(32)]] },
      'files/_/_/gone.map': { type: 'source_map', url: '~/gone.map' },
    },
  };
  const zip = zipOf({
    'manifest.json': JSON.stringify(manifest),
    'files/_/_/app.js': 'x',
    'files/_/_/app.js.map': '{}',
  });

  test('are read with and without the mark before the archive', () => {
    for (const bytes of [
      zip,
      zipOf(
        { 'manifest.json': JSON.stringify(manifest), 'files/_/_/app.js': 'x', 'files/_/_/app.js.map': '{}' },
        Buffer.from('SYSB\x02\0\0\0'),
      ),
    ]) {
      const bundle = readBundle(bytes);
      expect(
        typeof bundle === 'string' ? bundle : bundle.files.map(({ kind, debugId, map }) => [kind, debugId, map]),
      ).toEqual([
        ['minified_source', 'a'.repeat(32), 'app.js.map'],
        ['source_map', 'a'.repeat(32), null],
      ]);
    }
  });

  test('that are damaged or lie about their size are refused', () => {
    expect(readBundle(zip.subarray(0, zip.length - 30))).toContain('no ZIP');
    const bomb = zipOf({ 'manifest.json': deflateRawSync(Buffer.alloc(1)).toString('latin1') });
    bomb.writeUInt32LE(3, bomb.indexOf('PK\x01\x02') + 24);
    expect(typeof readBundle(bomb)).toBe('string');
    fc.assert(
      fc.property(fc.nat(zip.length - 1), fc.nat(255), (at, byte) => {
        const broken = Buffer.from(zip);
        broken[at] = byte;
        readBundle(broken);
      }),
    );
    expect(readZip(Buffer.from('no archive at all, really'), { members: 1, largest: 1 })).toBeNull();
  });
});

describe('frames', () => {
  const map = openSourceMap(
    JSON.stringify({
      version: 3,
      sources: ['webpack://shop/./src/cart.ts'],
      names: ['total'],
      sourcesContent: ['a\nb\nc\n'],
      mappings: 'AACAA,KACA',
    }),
  )!;
  const event = (frames: object[]) =>
    normalise(
      {
        platform: 'javascript',
        release: 'r1',
        exception: { values: [{ type: 'TypeError', value: 'x', stacktrace: { frames } }] },
        debug_meta: {
          images: [{ type: 'sourcemap', code_file: 'https://shop.example/app.js', debug_id: 'A'.repeat(32) }],
        },
      },
      { eventId: '0'.repeat(32), receivedAt: 0 },
    );
  const at = (name: string, colno: number) => ({
    function: name,
    filename: 'https://shop.example/app.js',
    lineno: 1,
    colno,
    in_app: true,
  });

  test('get file, line, source and the name their caller calls them by', () => {
    const plain = event([at('e', 1), at('t', 7)]);
    expect(mapKeys(plain)).toEqual([{ debugId: 'a'.repeat(32), release: 'r1', dist: '', url: '~/app.js' }]);
    const [outer, inner] = symbolicate(plain, () => map).exceptions[0]!.frames!;
    expect(outer).toMatchObject({
      file: 'src/cart.ts',
      line: 2,
      sourceLine: 'b',
      function: 'e',
      mapped: true,
      inApp: true,
    });
    expect(inner).toMatchObject({
      file: 'src/cart.ts',
      module: 'src/cart',
      line: 3,
      sourceLine: 'c',
      function: 'total',
      before: ['a', 'b'],
      after: [''],
    });
    expect(mapKeys(symbolicate(plain, () => map))).toEqual([]);
  });

  test('stay as they are without a map, and outside of scripts', () => {
    const plain = event([at('e', 1)]);
    expect(symbolicate(plain, () => null)).toEqual(plain);
    expect(
      mapKeys(
        normalise(
          { platform: 'python', exception: [{ type: 'a', stacktrace: { frames: [at('e', 1)] } }] },
          { eventId: '0'.repeat(32), receivedAt: 0 },
        ),
      ),
    ).toEqual([]);
  });
});
