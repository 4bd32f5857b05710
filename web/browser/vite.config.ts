import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** Builds the script that other people's pages load, to dist/browser/millrace.js: one file, no names but its own left behind. */
export default defineConfig({
  root: here('.'),
  build: {
    outDir: here('../../dist/browser'),
    emptyOutDir: true,
    target: 'es2020',
    lib: { entry: here('main.ts'), formats: ['iife'], name: 'millraceScript', fileName: () => 'millrace.js' },
  },
});
