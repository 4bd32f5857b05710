#!/usr/bin/env node
// Plain JavaScript that any Node can read, so that an old one gets a sentence in place of a syntax error.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(
    `Millrace needs Node 20.19 or newer; this is ${process.versions.node}. Install a newer one from your distribution or nodejs.org.`,
  );
  process.exit(2);
}

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const built = join(root, 'dist', 'server', 'cli', 'main.js');

/** Newest change below a directory, in milliseconds. */
function newest(directory) {
  let latest = 0;
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    // Tests are no part of what is built.
    if (/\.test\.tsx?$/.test(entry.name)) continue;
    const path = join(directory, entry.name);
    latest = Math.max(latest, entry.isDirectory() ? newest(path) : statSync(path).mtimeMs);
  }
  return latest;
}

// A published package holds dist/ only; a checkout builds what is missing or older than its source.
if (existsSync(join(root, 'src')) && process.env.MILLRACE_NO_BUILD !== '1') {
  const servesPages = ['up', 'demo'].includes(process.argv[2]);
  const marks = [built, join(root, 'dist', 'web', 'index.html')];
  const parts = [
    { mark: marks[0], sources: ['src'], script: 'build:server' },
    // Only who serves pages needs them: checking a file shall not wait for a web application.
    ...(servesPages ? [{ mark: marks[1], sources: ['web', 'src/client'], script: 'build:web' }] : []),
  ];
  for (const { mark, sources, script } of parts) {
    const stale =
      !existsSync(mark) || Math.max(...sources.map((source) => newest(join(root, source)))) > statSync(mark).mtimeMs;
    if (!stale) continue;
    const began = Date.now();
    process.stderr.write(`Building (${script}), needed once after each change of the source ... `);
    const { status, stdout, stderr } = spawnSync('npm', ['run', '--silent', script], { cwd: root, encoding: 'utf8' });
    if (status !== 0) {
      console.error(`failed\n${stdout}${stderr}`);
      process.exit(1);
    }
    process.stderr.write(`${((Date.now() - began) / 1000).toFixed(1)} s\n`);
  }
}

await import(built);
