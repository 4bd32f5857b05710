#!/usr/bin/env node
// `npm run dev`: the server from its source with reload, and the web application with hot reload in front of it.
import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const bin = (name) => join(root, 'node_modules', '.bin', name);
const env = {
  ...process.env,
  MILLRACE_DATA: process.env.MILLRACE_DATA ?? join(root, '.millrace'),
  MILLRACE_PORT: process.env.MILLRACE_PORT ?? '7400',
};

const children = [
  spawn(bin('tsx'), ['watch', '--clear-screen=false', '--include', 'src/**/*', 'src/cli/main.ts', 'up'], {
    cwd: root,
    env,
    stdio: 'inherit',
  }),
  spawn(bin('vite'), ['--config', 'web/vite.config.ts'], { cwd: root, env, stdio: 'inherit' }),
];
console.log('Open the address Vite prints below; it passes the API on to the server.');
const end = () => {
  for (const child of children) child.kill('SIGTERM');
};
process.on('SIGINT', end);
process.on('SIGTERM', end);
for (const child of children) child.on('exit', end);
