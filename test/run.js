#!/usr/bin/env node
/**
 * `npm test`: builds, checks types and lint, runs every test project, and ends with `N passed, N failed, N skipped`.
 * Arguments name projects to run alone: `npm test -- unit edge`.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const only = process.argv.slice(2);
const started = Date.now();

function run(title, command, args) {
  console.log(`\n== ${title}`);
  const { status } = spawnSync(command, args, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, FORCE_COLOR: '0' },
  });
  return status ?? 1;
}

const failures = [];
const step = (title, command, args) => {
  if (run(title, command, args) !== 0) failures.push(title);
};

if (only.length === 0) {
  step('build', 'npm', ['run', '--silent', 'build']);
  step('check', 'npm', ['run', '--silent', 'check']);
}

const scratch = mkdtempSync(join(tmpdir(), 'millrace-test-'));
const totals = { passed: 0, failed: 0, skipped: 0 };
// One process a project: a project that leaks memory or dies takes only itself along.
for (const project of only.length > 0 ? only : ['unit', 'edge', 'conformance', 'stories', 'faults']) {
  const report = join(scratch, `${project}.json`);
  const status = run(`tests: ${project}`, 'npx', [
    'vitest',
    'run',
    '--project',
    project,
    '--passWithNoTests',
    // Pure tests use every core; the others start programs that do.
    ...(project === 'unit' || project === 'conformance' ? ['--maxWorkers=100%'] : []),
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
  ]);
  try {
    const result = JSON.parse(readFileSync(report, 'utf8'));
    totals.passed += result.numPassedTests;
    totals.failed += result.numFailedTests;
    totals.skipped += result.numPendingTests + (result.numTodoTests ?? 0);
    if (status !== 0 && result.numFailedTests === 0) failures.push(`tests: ${project} (failed outside a test)`);
    for (const file of result.testResults) {
      for (const test of file.assertionResults) {
        if (test.status === 'failed') console.log(`FAILED ${file.name}: ${test.fullName}`);
        if (test.status === 'pending' || test.status === 'skipped') console.log(`skipped: ${test.fullName}`);
      }
    }
  } catch (error) {
    failures.push(`tests: ${project} (no report: ${error.message})`);
  }
}
rmSync(scratch, { recursive: true, force: true });

for (const failure of failures) console.log(`FAILED ${failure}`);
console.log(`\ntook ${Math.round((Date.now() - started) / 1000)} s`);
console.log(`${totals.passed} passed, ${totals.failed + failures.length} failed, ${totals.skipped} skipped`);
process.exit(totals.failed + failures.length === 0 ? 0 : 1);
