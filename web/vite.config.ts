import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** Builds the web app to dist/web. In development, `MILLRACE_URL` names the server that answers `/api`. */
export default defineConfig({
  root: here('.'),
  plugins: [react()],
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
