export { lineProgress, silentProgress } from './progress.ts';
export { type LocalRun, runLocally } from './run-locally.ts';
export { readSettings } from './settings.ts';
export { start } from './start.ts';
export { version } from './version.ts';
