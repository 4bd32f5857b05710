import { defineConfig } from 'vitest/config';

/**
 * unit: pure parts, no process, no network, under 10 s in all.
 * edge: one edge against the real thing (PostgreSQL, ClickHouse, Docker, git, SDKs), beside the code, `*.edge.test.ts`.
 * conformance, stories, faults: under test/.
 * clones: public repositories that somebody cloned; `npm test` leaves it out.
 */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['src/**/*.test.ts', 'web/**/*.test.{ts,tsx}'],
          exclude: ['**/*.edge.test.ts', '**/node_modules/**'],
          testTimeout: 60_000,
          // Pure parts keep nothing that another file could trip over, and loading them anew for each takes most of the time.
          isolate: false,
        },
      },
      {
        test: {
          name: 'edge',
          include: ['src/**/*.edge.test.ts'],
          globalSetup: ['test/harness/global.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'conformance',
          include: ['test/conformance/**/*.test.ts'],
          testTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'clones',
          include: ['test/clones/**/*.test.ts'],
          testTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'stories',
          include: ['test/stories/**/*.test.ts'],
          fileParallelism: false,
          testTimeout: 600_000,
          hookTimeout: 300_000,
        },
      },
      {
        test: {
          name: 'faults',
          include: ['test/faults/**/*.test.ts'],
          fileParallelism: false,
          testTimeout: 900_000,
          hookTimeout: 300_000,
        },
      },
    ],
  },
});
