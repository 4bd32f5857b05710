import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

const worthBytes = 1024;

/** Writes each text compressed beside itself, so that the server sends it small without work at each request. */
function compressed(): Plugin {
  return {
    name: 'compressed',
    apply: 'build',
    async writeBundle({ dir }, bundle) {
      const texts = Object.keys(bundle).filter((name) => name.startsWith('assets/') && /\.(js|css|svg)$/.test(name));
      await Promise.all(
        texts.map(async (name) => {
          const path = join(dir ?? '', name);
          const text = await readFile(path);
          if (text.length < worthBytes) return;
          const params = { [constants.BROTLI_PARAM_QUALITY]: 10, [constants.BROTLI_PARAM_SIZE_HINT]: text.length };
          await writeFile(`${path}.br`, await promisify(brotliCompress)(text, { params }));
          await writeFile(`${path}.gz`, await promisify(gzip)(text, { level: 9 }));
        }),
      );
    },
  };
}

/** Builds the web app to dist/web. In development, `MILLRACE_URL` names the server that answers `/api`. */
export default defineConfig({
  root: here('.'),
  plugins: [react(), compressed()],
  build: {
    outDir: here('../dist/web'),
    emptyOutDir: true,
    target: ['chrome123', 'firefox121', 'safari17.5'],
    // Icons and small pictures stay files of their own: the content policy forbids data: addresses.
    assetsInlineLimit: 0,
  },
  server: {
    port: 7410,
    proxy: { '/api': { target: process.env.MILLRACE_URL ?? 'http://127.0.0.1:7400', changeOrigin: false } },
  },
});
